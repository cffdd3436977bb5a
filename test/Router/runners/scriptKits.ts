import { spawnSync } from "node:child_process"
import type { RunnerName } from "../../../src/Router/Runners.ts"
import type { Files } from "./support.ts"

/** The same small project for each runner: a test of `add`, in all the states a run can meet. */
export interface ScriptKit {
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
  /** Whether it needs this repository's `node_modules`. */
  readonly modules: boolean
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
  modules: runner !== "node",
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
  modules: false,
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

/** Whether the usual Python has pytest; throws where `FLUFFY_REQUIRE` says that it must. */
export const hasPytest = () => {
  const found =
    spawnSync("python3", ["-m", "pytest", "--version"], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } }).status === 0
  if (found) return true
  if ((process.env["FLUFFY_REQUIRE"] ?? "").split(",").includes("pytest")) {
    throw new Error("FLUFFY_REQUIRE names pytest, which is missing")
  }
  process.stderr.write("Tests of pytest are skipped: python3 -m pytest does not run; install python3-pytest\n")
  return false
}

/** The runners of JavaScript and Python; pytest where it is installed. */
export const scriptKits: ReadonlyArray<ScriptKit> = [
  javascript("node", "import { describe, it } from \"node:test\""),
  javascript("vitest", "import { describe, it } from \"vitest\""),
  commonJs,
  javascript("mocha", "", "test/add.test.js"),
  python("unittest", {}),
  ...(hasPytest() ? [python("pytest", { "pytest.ini": "[pytest]\npythonpath = .\n" })] : [])
]
