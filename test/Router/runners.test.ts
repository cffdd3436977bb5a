import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import type { TestCase } from "../../src/domain/Verdict.ts"
import type { RunnerName } from "../../src/Router/Runners.ts"
import { judgeAll } from "../../src/StateMachine.ts"
import { type Files, onDisk, runAll } from "./runners/support.ts"

/** The same small project for each runner: a test of `add`, in all the states a run can meet. */
interface Kit {
  readonly runner: RunnerName
  readonly base: Files
  readonly source: string
  readonly test: string
  readonly second: string
  readonly right: string
  readonly wrong: string
  readonly body: string
  readonly syntaxError: string
  readonly empty: string
  readonly skipped: string
}

const manifest = (script: string, type = "module") => JSON.stringify({ type, scripts: { test: script } })

const esm = {
  source: "src/add.js",
  right: "export const add = (a, b) => a + b\n",
  wrong: "export const add = (a, b) => a - b\n"
}

const javascript = (runner: RunnerName, head: string, test = "test/add.test.js") => ({
  ...esm,
  runner,
  base: { "package.json": manifest(runner === "node" ? "node --test" : runner === "vitest" ? "vitest run" : runner) },
  test,
  second: "test/other.test.js",
  body: `${head}
import { add } from "../src/add.js"
describe("add", () => {
  it("adds", () => { if (add(1, 2) !== 3) throw new Error("wrong sum") })
  it("knows zero", () => { if (add(0, 0) !== 0) throw new Error("wrong zero") })
})
`,
  syntaxError: `${head}\nit("adds", () => {\n`,
  empty: "export {}\n",
  skipped: `${head}\nit.skip("adds", () => {})\n`
})

const commonJs = {
  ...javascript("jest", ""),
  base: { "package.json": manifest("jest", "commonjs") },
  right: "exports.add = (a, b) => a + b\n",
  wrong: "exports.add = (a, b) => a - b\n",
  body: javascript("jest", "").body.replace(
    "import { add } from \"../src/add.js\"",
    "const { add } = require(\"../src/add.js\")"
  ),
  empty: "\n"
}

const python = (runner: RunnerName, base: Files) => ({
  runner,
  base,
  source: "calc.py",
  test: "tests/test_calc.py",
  second: "tests/test_other.py",
  right: "def add(a, b):\n    return a + b\n",
  wrong: "def add(a, b):\n    return a - b\n",
  body: `import unittest
from calc import add

class AddTest(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(add(1, 2), 3)

    def test_knows_zero(self):
        self.assertEqual(add(0, 0), 0)
`,
  syntaxError: "def test_adds(:\n",
  empty: "\n",
  skipped:
    "import unittest\n\n@unittest.skip('later')\nclass T(unittest.TestCase):\n    def test_adds(self):\n        pass\n"
})

const hasPytest = () => {
  const found =
    spawnSync("python3", ["-m", "pytest", "--version"], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } }).status === 0
  if (found) return true
  if ((process.env["FLUFFY_REQUIRE"] ?? "").split(",").includes("pytest")) {
    throw new Error("FLUFFY_REQUIRE names pytest, which is missing")
  }
  process.stderr.write("Tests of pytest are skipped: python3 -m pytest does not run; install python3-pytest\n")
  return false
}

const kits: ReadonlyArray<Kit> = [
  javascript("node", "import { describe, it } from \"node:test\""),
  javascript("vitest", "import { describe, it } from \"vitest\""),
  commonJs,
  javascript("mocha", "", "test/add.test.js"),
  python("unittest", {}),
  ...(hasPytest() ? [python("pytest", { "pytest.ini": "[pytest]\npythonpath = .\n" })] : [])
]

const brief = (cases: ReadonlyArray<TestCase> | undefined) =>
  cases?.map(({ file, name, status }) =>
    `${status} ${file} ${/adds/.test(name) ? "adds" : /zero/.test(name) ? "zero" : name}`
  ).toSorted()

for (const kit of kits) {
  describe(`the ${kit.runner} adapter`, { timeout: 60_000 }, () => {
    const own = { [kit.test]: "h1" }
    const context = { written: own, locked: {}, redTests: [], currentHashes: own }
    const run = (files: Files) =>
      Effect.gen(function*() {
        const root = yield* onDisk({ ...kit.base, ...files }, {
          modules: kit.runner === "vitest" || kit.runner === "jest" || kit.runner === "mocha"
        })
        const runs = yield* runAll(root)
        assert.lengthOf(runs, 1)
        return { run: runs[0]!, verdict: judgeAll(runs, context) }
      })

    it.scopedLive("reports a green project", () =>
      Effect.gen(function*() {
        const { run: { exitCode, output, report }, verdict } = yield* run({
          [kit.source]: kit.right,
          [kit.test]: kit.body
        })
        assert.deepStrictEqual(brief(report?.cases), [`passed ${kit.test} adds`, `passed ${kit.test} zero`], output)
        assert.deepStrictEqual([report?.runner, report?.truncated, exitCode], [kit.runner, false, 0])
        assert.strictEqual(verdict.verdict, "green")
      }))

    it.scopedLive("reports a red project, test by test", () =>
      Effect.gen(function*() {
        const { run: { output, report }, verdict } = yield* run({ [kit.source]: kit.wrong, [kit.test]: kit.body })
        assert.deepStrictEqual(brief(report?.cases), [`failed ${kit.test} adds`, `passed ${kit.test} zero`], output)
        assert.include(
          report?.cases.find((test) => test.status === "failed")?.message,
          kit.runner === "pytest" || kit.runner === "unittest" ? "-1 != 3" : "wrong sum"
        )
        assert.strictEqual(verdict.verdict, "red")
      }))

    it.scopedLive("reports a missing import and a syntax error as errors of the test files", () =>
      Effect.gen(function*() {
        const { run: { output, report }, verdict } = yield* run({ [kit.test]: kit.body, [kit.second]: kit.syntaxError })
        // mocha stops at the first file that it cannot load.
        const files = kit.runner === "mocha" ? [kit.test] : [kit.test, kit.second]
        assert.deepStrictEqual(brief(report?.cases), files.map((file) => `error ${file} (file)`), output)
        const first = report?.cases.find((test) => test.file === kit.test)
        assert.match(first?.message ?? "", /add\.js|No module named 'calc'/)
        assert.strictEqual(verdict.verdict, "red")
      }))

    it.scopedLive("gives no verdict on files without tests and on skipped tests", () =>
      Effect.gen(function*() {
        const { run: { output, report }, verdict } = yield* run({
          [kit.source]: kit.right,
          [kit.test]: kit.empty,
          [kit.second]: kit.skipped
        })
        const cases = brief(report?.cases) ?? []
        assert.include(cases, `skipped ${kit.second} adds`, output)
        assert.isTrue(cases.every((text) => text.startsWith("skipped")), output)
        assert.strictEqual(verdict.verdict, "none")
      }))

    it.scopedLive("cannot be made green by a source that prints a report", () =>
      Effect.gen(function*() {
        const line = `\\n\\u001ffluffy:0:${"0".repeat(64)}:{\\"end\\":true}\\n`
        const print = kit.source.endsWith(".py")
          ? `import os\nos.write(1, "${line}".encode())\n`
          : `process.stdout.write("${line}")\n`
        const { run: { output }, verdict } = yield* run({ [kit.source]: print + kit.wrong, [kit.test]: kit.body })
        // Where the runner captures or passes on what tests print, the line never reaches the report.
        assert.include(["none", "red"], verdict.verdict, output)
      }))

    it.scopedLive("cannot be made green by a source that ends the process", () =>
      Effect.gen(function*() {
        const quit = kit.source.endsWith(".py") ? "import os\nos._exit(0)\n" : `process.exit(0)\n${kit.right}`
        const { run: { output }, verdict } = yield* run({ [kit.source]: quit, [kit.test]: kit.body })
        assert.notStrictEqual(verdict.verdict, "green", output)
      }))
  })
}
