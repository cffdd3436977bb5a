import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type RunnerConfig, select } from "../../../src/Router/Runners.ts"
import { type Files, inMemory } from "./support.ts"

const root = "/srv/app"

const chosen = (
  files: Files,
  options: { readonly pattern?: string; readonly configured?: ReadonlyArray<RunnerConfig> } = {}
) => select(inMemory(files), { root, configured: [], ...options })

const names = (files: Files, options: Parameters<typeof chosen>[1] = {}) =>
  Effect.map(
    chosen(files, options),
    (all) => all.map((one) => one.cwd === "." ? one.runner : `${one.runner} in ${one.cwd}`)
  )

const installed = {
  "node_modules/.bin/vitest": "",
  "node_modules/.bin/jest": "",
  "node_modules/.bin/mocha": ""
}
const script = (test: string, more: object = {}) => JSON.stringify({ scripts: { test, ...more } })
const nodeTest = "import test from \"node:test\""

describe("select with a pattern", () => {
  const files = {
    ...installed,
    "package.json": script("vitest run"),
    "src/a.test.ts": "",
    "src/b.test.ts": "",
    "tests/test_a.py": "import pytest",
    "--help.test.ts": "",
    "src/a.ts": ""
  }

  it.effect("runs the one runner that owns the file", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* names(files, { pattern: "tests/test_a.py" }), ["pytest"])
      assert.deepStrictEqual(yield* names(files, { pattern: "./src/a.test.ts" }), ["vitest"])
      assert.deepStrictEqual(yield* names(files, { pattern: "src" }), ["vitest"])
      const [one] = yield* chosen(files, { pattern: "src/*.test.ts" })
      assert.deepStrictEqual(one?.args.slice(-2), [`${root}/src/a.test.ts`, `${root}/src/b.test.ts`])
    }))

  it.effect("takes a file's name as it is, before it takes it for a glob", () =>
    Effect.gen(function*() {
      const [one] = yield* chosen({ "pages/[id].test.js": nodeTest, "pages/i.test.js": nodeTest }, {
        pattern: "pages/[id].test.js"
      })
      assert.deepStrictEqual(one?.args.slice(-1), [`${root}/pages/[id].test.js`])
    }))

  it.effect("takes no pattern and no file name for an option", () =>
    Effect.gen(function*() {
      const [file] = yield* chosen(files, { pattern: "--help.test.ts" })
      assert.strictEqual(file?.args.at(-1), `${root}/--help.test.ts`)
      for (
        const [runner, only] of [["vitest", "vitest"], ["jest", "jest"], ["mocha", "mocha"], [
          "node",
          "node --test"
        ]] as const
      ) {
        const [named] = yield* chosen({ ...installed, "package.json": script(only) }, { pattern: "--reporter=evil" })
        assert.strictEqual(named?.runner, runner)
        assert.isFalse(named?.args.includes("--reporter=evil"), runner)
      }
      const error = yield* Effect.flip(chosen({ "pytest.ini": "", "test_a.py": "" }, { pattern: "--junitxml=x" }))
      assert.include(error.message, "one word")
    }))

  it.effect("refuses a path that no runner tests", () =>
    Effect.gen(function*() {
      for (const pattern of ["src/a.ts", "src/missing.test.ts", "../other/a.test.ts", "docs/*.test.ts"]) {
        const error = yield* Effect.flip(chosen(files, { pattern }))
        assert.include(error.message, "no test file of a known runner has this path", pattern)
      }
    }))

  it.effect("takes the rest for a part of test names", () =>
    Effect.gen(function*() {
      const [one] = yield* chosen({ "a.test.js": nodeTest }, { pattern: "adds (1)" })
      assert.isTrue(one?.args.includes("--test-name-pattern=adds \\(1\\)"))
      const [py] = yield* chosen({ "test_a.py": "import unittest" }, { pattern: "adds" })
      assert.deepStrictEqual(py?.args.slice(1, 4), ["-k", "adds", "--"])
    }))
})

describe("select with configured runners", () => {
  const files = { ...installed, "package.json": script("jest"), "a.test.js": "", "checks/b.js": "", "test_c.py": "" }
  const of = (config: RunnerConfig, pattern?: string) =>
    chosen(files, { configured: [config], ...(pattern === undefined ? {} : { pattern }) })

  it.effect("lets them win over all that is found", () =>
    Effect.gen(function*() {
      const [one, ...others] = yield* of({
        command: "npx",
        args: ["vitest", "run", "--dir", "checks"],
        report: "vitest"
      })
      assert.isEmpty(others)
      assert.deepStrictEqual([one?.command, ...one?.args.slice(0, 4) ?? []], [
        "npx",
        "vitest",
        "run",
        "--dir",
        "checks"
      ])
    }))

  it.effect("puts its own words where each command takes them", () =>
    Effect.gen(function*() {
      const [tsx] = yield* of({
        command: "npx",
        args: ["tsx", "--test", "checks/*.js"],
        report: "node",
        files: ["checks/**"]
      })
      assert.deepStrictEqual([tsx?.args[0], tsx?.args.at(-1)], ["tsx", "./checks/b.js"])
      const [uv] = yield* of({ command: "uv", args: ["run", "pytest", "-q"], report: "pytest" })
      assert.deepStrictEqual(uv?.args.slice(0, 5), ["run", "pytest", "-q", "-p", "no:cacheprovider"])
      const [py] = yield* of({ command: "python3", args: ["-X", "dev", "-m", "unittest", "-v"], report: "unittest" })
      assert.deepStrictEqual(py?.args.slice(0, 3), ["-X", "dev", "/run/fluffy/reporters/unittest_json.py"])
    }))

  it.effect("knows its files by the patterns it names", () =>
    Effect.gen(function*() {
      const config = { command: "mocha", args: [], report: "mocha", files: ["checks/**"] } as const
      assert.strictEqual((yield* of(config, "checks/b.js"))[0]?.args.at(-1), `${root}/checks/b.js`)
      assert.include((yield* Effect.flip(of(config, "a.test.js"))).message, "no test file")
    }))
})

describe("select for a file of each language", () => {
  const all = {
    "api/go.mod": "module a",
    "api/calc/a_test.go": "",
    "core/Cargo.toml": "[package]",
    "core/tests/a.rs": "",
    "core/tests/b/main.rs": "",
    "core/src/lib.rs": "#[test]",
    "jobs/Gemfile": "gem \"rspec\"",
    "jobs/Gemfile.lock": "rspec (3.12)",
    "jobs/spec/a_spec.rb": "",
    "shop/composer.json": "{\"require-dev\":{\"phpunit/phpunit\":\"9\"}}",
    "shop/vendor/bin/phpunit": "",
    "shop/tests/ATest.php": "",
    "shop/tests/BTest.php": ""
  }
  const words = (pattern: string) =>
    Effect.map(chosen(all, { pattern }), (runs) => runs.map((one) => ({ ...one, words: one.args.join(" ") })))

  it.effect("runs the least that holds it, where its manifest lies", () =>
    Effect.gen(function*() {
      const expected = [
        ["api/calc/a_test.go", "api", "go test -json -count=1 ./calc"],
        ["core/tests/a.rs", "core", "--message-format=json --test=a -- --color=never"],
        ["core/tests/b/main.rs", "core", "--message-format=json --tests -- --color=never"],
        ["core/src/lib.rs", "core", "--message-format=json --tests -- --color=never"],
        ["jobs/spec/a_spec.rb", "jobs", `--format=Fluffy::Formatter ${root}/jobs/spec/a_spec.rb`],
        ["shop/tests/BTest.php", "shop", `--log-junit /run/fluffy/report/0-phpunit.xml ${root}/shop/tests/BTest.php`]
      ] as const
      for (const [pattern, cwd, end] of expected) {
        const [one, ...others] = yield* words(pattern)
        assert.isEmpty(others)
        assert.strictEqual<string | undefined>(one?.cwd, cwd)
        assert.isTrue(one?.words.endsWith(end), one?.words)
      }
    }))

  it.effect("uses the package's own program", () =>
    Effect.gen(function*() {
      const [ruby] = yield* words("jobs/spec/a_spec.rb")
      assert.deepStrictEqual([ruby?.command, ...ruby?.args.slice(0, 2) ?? []], ["bundle", "exec", "rspec"])
      const php = yield* words("shop")
      assert.deepStrictEqual(php.map(({ args, command }) => [command, args[5]]), [
        ["/bin/sh", `${root}/shop/vendor/bin/phpunit`],
        ["/bin/sh", `${root}/shop/vendor/bin/phpunit`]
      ])
    }))

  it.effect("keeps the words of a configured command", () =>
    Effect.gen(function*() {
      const of = (config: RunnerConfig) =>
        Effect.map(chosen(all, { configured: [config] }), ([one]) => one?.args.slice(5).join(" "))
      assert.strictEqual(
        yield* of({ command: "go", args: ["test", "-tags", "slow"], report: "go" }),
        "go test -json -count=1 -tags slow ./..."
      )
      assert.match(
        (yield* of({ command: "cargo", args: ["+1.80", "test", "--features", "x"], report: "cargo" })) ?? "",
        /^cargo \+1\.80 test --offline .* --features x -- --color=never$/
      )
      assert.match(
        (yield* of({ command: "cargo", args: ["nextest", "run", "--profile", "ci"], report: "nextest" })) ?? "",
        /^cargo nextest run --offline .* --profile ci$/
      )
    }))
})
