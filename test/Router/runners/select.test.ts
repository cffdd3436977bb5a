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
const uses = (name: string) => JSON.stringify({ devDependencies: { [name]: "1.0.0" } })
const nodeTest = "import test from \"node:test\""

const detections: ReadonlyArray<readonly [says: string, files: Files, runners: ReadonlyArray<string>]> = [
  ["node --test", { "package.json": script("node --test") }, ["node"]],
  ["node with a loader", { "package.json": script("node --import tsx --test src/*.test.ts") }, ["node"]],
  ["tsx --test", { "package.json": script("tsx --test") }, ["node"]],
  ["vitest run", { ...installed, "package.json": script("vitest run") }, ["vitest"]],
  ["npx vitest", { ...installed, "package.json": script("npx vitest") }, ["vitest"]],
  ["a variable before jest", { ...installed, "package.json": script("NODE_ENV=test jest --silent") }, ["jest"]],
  ["cross-env", { ...installed, "package.json": script("cross-env CI=1 mocha") }, ["mocha"]],
  ["jest below node", {
    ...installed,
    "package.json": script("node --experimental-vm-modules node_modules/jest/bin/jest.js")
  }, ["jest"]],
  ["coverage around mocha", { ...installed, "package.json": script("c8 --reporter=lcov mocha") }, ["mocha"]],
  ["lint before the tests", { ...installed, "package.json": script("eslint . && vitest run") }, ["vitest"]],
  ["another script", { ...installed, "package.json": script("npm run unit", { unit: "mocha" }) }, ["mocha"]],
  ["yarn and a cycle", { ...installed, "package.json": script("yarn test:a", { "test:a": "yarn test || jest" }) }, [
    "jest"
  ]],
  ["a dependency", { ...installed, "package.json": uses("jest"), "a.test.js": "" }, ["jest"]],
  ["npm's empty script and a dependency", {
    ...installed,
    "package.json": JSON.stringify({
      ...JSON.parse(uses("mocha")),
      scripts: { test: "echo \"Error: no test specified\" && exit 1" }
    })
  }, ["mocha"]],
  ["the configuration among two dependencies", {
    ...installed,
    "package.json": JSON.stringify({ devDependencies: { vitest: "1", jest: "1" } }),
    "jest.config.js": ""
  }, ["jest"]],
  ["test files of node:test", { "a.test.mjs": nodeTest }, ["node"]],
  ["test files in JavaScript", { "test/a.js": "assert(true)" }, ["node"]],
  ["a broken manifest", { "package.json": "{", "test/a.js": nodeTest }, ["node"]],
  ["test files in Python", { "test_a.py": "import unittest" }, ["unittest"]],
  ["pytest in pyproject.toml", { "pyproject.toml": "[tool.pytest.ini_options]", "test_a.py": "" }, ["pytest"]],
  ["pytest in requirements.txt", { "requirements.txt": "flask\npytest>=8\n", "test_a.py": "" }, ["pytest"]],
  ["a plug-in's name is not pytest", { "requirements.txt": "pytest-cov\n", "test_a.py": "" }, ["unittest"]],
  ["pytest in tox.ini", { "tox.ini": "[testenv]\ndeps = pytest\n", "test_a.py": "" }, ["pytest"]],
  ["tests that import pytest", { "tests/test_a.py": "import pytest\n" }, ["pytest"]],
  ["pytest in the virtual environment", {
    ".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.2\n",
    ".venv/lib/python3.11/site-packages/pytest/__init__.py": "",
    "test_a.py": ""
  }, ["pytest"]],
  ["two languages", { ...installed, "package.json": script("vitest run"), "a.test.ts": "", "tests/test_a.py": "" }, [
    "vitest",
    "unittest"
  ]],
  ["a language without tests is left out", {
    ...installed,
    "package.json": script("jest"),
    "a.test.js": "",
    "pytest.ini": ""
  }, ["jest"]],
  ["packages of their own", {
    "frontend/package.json": script("vitest run"),
    "frontend/node_modules/.bin/vitest": "",
    "frontend/a.test.ts": "",
    "backend/pyproject.toml": "[tool.pytest.ini_options]",
    "backend/tests/test_a.py": ""
  }, ["vitest in frontend", "pytest in backend"]],
  ["inner packages that the outer runner covers", {
    ...installed,
    "package.json": script("vitest run"),
    "packages/a/package.json": script("vitest run"),
    "packages/a/a.test.ts": ""
  }, ["vitest"]],
  ["projects among the fixtures are no part", {
    "package.json": script("node --test"),
    "a.test.js": "",
    "test/fixtures/app/package.json": script("jest"),
    "test/fixtures/app/a.test.js": ""
  }, ["node"]],
  ["go.mod", { "go.mod": "module a", "a_test.go": "" }, ["go"]],
  ["a Go module inside another", {
    "go.mod": "module a",
    "a_test.go": "",
    "tools/go.mod": "module b",
    "tools/b_test.go": ""
  }, ["go", "go in tools"]],
  ["Go files of no module", { "a_test.go": "", "a.test.js": "" }, ["node"]],
  ["Cargo.toml", { "Cargo.toml": "[package]", "tests/a.rs": "" }, ["cargo"]],
  ["unit tests beside the code", { "Cargo.toml": "[package]", "src/lib.rs": "#[test] fn a() {}" }, ["cargo"]],
  ["a Cargo workspace, which runs its members", {
    "Cargo.toml": "[workspace]\nmembers = [\"a\"]",
    "a/Cargo.toml": "[package]",
    "a/tests/a.rs": ""
  }, ["cargo"]],
  ["packages of Rust that are no workspace", {
    "a/Cargo.toml": "[package]",
    "a/tests/a.rs": "",
    "b/Cargo.toml": "[package]",
    "b/tests/b.rs": ""
  }, ["cargo in a", "cargo in b"]],
  ["a JUnit profile of nextest", {
    "Cargo.toml": "[package]",
    ".config/nextest.toml": "[profile.ci.junit]\npath = \"junit.xml\"",
    "tests/a.rs": ""
  }, ["nextest"]],
  [".rspec", { ".rspec": "", "spec/a_spec.rb": "" }, ["rspec"]],
  ["specs and tests in Ruby", { "Gemfile": "gem \"rspec\"", "spec/a_spec.rb": "", "test/b_test.rb": "" }, [
    "rspec",
    "minitest"
  ]],
  ["specs that require minitest", { "spec/a_spec.rb": "require \"minitest/autorun\"" }, ["minitest"]],
  ["phpunit.xml", { "phpunit.xml.dist": "", "tests/ATest.php": "" }, ["phpunit"]],
  ["a project of dotnet test among others", {
    "App.sln": "",
    "src/App.csproj": "<Project Sdk=\"Microsoft.NET.Sdk\"/>",
    "src/A.cs": "",
    "tests/Tests.csproj": "<PackageReference Include=\"Microsoft.NET.Test.Sdk\"/>",
    "tests/ATests.cs": ""
  }, ["dotnet in tests"]],
  ["one manifest for each part of a monorepo", {
    ...installed,
    "package.json": script("vitest run"),
    "web/a.test.ts": "",
    "api/go.mod": "module a",
    "api/a_test.go": "",
    "jobs/Gemfile": "gem \"minitest\"",
    "jobs/test/a_test.rb": ""
  }, ["vitest", "go in api", "minitest in jobs"]]
]

describe("select", () => {
  for (const [says, files, runners] of detections) {
    it.effect(`finds ${runners.join(" and ")} by ${says}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* names(files), runners)
      }))
  }

  it.effect("says what was looked for when there is no runner", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(chosen({ "src/a.rs": "", "package.json": "{}" }))
      assert.include(error.message, "no test runner was found")
      assert.include(error.message, "package.json (node --test, vitest, jest, mocha)")
      assert.include(error.message, "Write a test file first")
    }))

  it.effect("says that a runner is not installed, and takes no other", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(chosen({ "package.json": script("vitest run"), "a.test.js": nodeTest }))
      assert.include(error.message, "vitest, which is not in node_modules")
    }))

  it.effect("keeps a script's flags and files, and expands its globs", () =>
    Effect.gen(function*() {
      const [one] = yield* chosen({
        "package.json": script(
          "A=b node --import ./setup.js --test --test-reporter=tap 'src/**/*.{test,check}.js' --watch"
        ),
        "src/a.test.js": "",
        "src/deep/b.check.js": "",
        "src/c.js": ""
      })
      assert.deepStrictEqual(one?.args, [
        "/run/fluffy/reporters/node.mjs",
        "A=b",
        "--",
        "--import",
        "./setup.js",
        "--",
        "./src/a.test.js",
        "./src/deep/b.check.js"
      ])
      assert.notProperty(one?.env, "A")
    }))

  it.effect("lets no script set what is the kernel's", () =>
    Effect.gen(function*() {
      const [one] = yield* chosen({
        ...installed,
        "package.json": script("PATH=/evil LD_PRELOAD=x FLUFFY_REPORT=/dev/null HOME=/ mocha -R dot")
      })
      assert.deepStrictEqual(Object.keys(one?.env ?? {}).toSorted(), ["CI", "FORCE_COLOR", "NO_COLOR"])
      assert.isFalse(one?.args.includes("dot"))
    }))

  it.effect("drops what would end in another report or in none", () =>
    Effect.gen(function*() {
      const [jest] = yield* chosen({
        ...installed,
        "package.json": script("jest --watch --reporters default --outputFile=x --coverage -t 'a b'")
      })
      assert.deepStrictEqual(jest?.args, [
        "-t",
        "a b",
        "--ci",
        "--coverage=false",
        "--reporters=default",
        "--reporters=/run/fluffy/reporters/jest.cjs"
      ])
      const [vitest] = yield* chosen({
        ...installed,
        "package.json": script("vitest watch --reporter verbose --coverage.enabled src")
      })
      assert.deepStrictEqual(vitest?.args, [
        "run",
        "--reporter=default",
        "--reporter=/run/fluffy/reporters/vitest.mjs",
        "src"
      ])
    }))

  it.effect("lets vitest keep its hands off node_modules where it can", () =>
    Effect.gen(function*() {
      const files = {
        ...installed,
        "package.json": script("vitest"),
        "node_modules/vitest/package.json": "{\"version\":\"3.2.0\"}"
      }
      const [modern] = yield* chosen({ ...files, "node_modules/vite/package.json": "{\"version\":\"6.1.0\"}" })
      const [older] = yield* chosen({ ...files, "node_modules/vite/package.json": "{\"version\":\"5.4.1\"}" })
      assert.isTrue(modern?.args.includes("--configLoader=runner"))
      assert.isFalse(older?.args.includes("--configLoader=runner"))
    }))

  it.effect("uses the packages of a virtual environment whose Python a sandbox does not have", () =>
    Effect.gen(function*() {
      const own = (home: string) => ({ ".venv/pyvenv.cfg": `home = ${home}\nversion_info = 3.12.1\n`, "test_a.py": "" })
      const [managed] = yield* chosen(own("/home/x/.local/share/uv/python"))
      assert.deepStrictEqual([managed?.command, managed?.env["PYTHONPATH"]], [
        "python3",
        `${root}/.venv/lib/python3.12/site-packages`
      ])
      const [system] = yield* chosen(own("/usr/bin"))
      assert.strictEqual(system?.command, `${root}/.venv/bin/python`)
    }))
})
