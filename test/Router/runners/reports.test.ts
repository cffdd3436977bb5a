import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { execFileSync } from "node:child_process"
import { symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { maxReportBytes, readReport } from "../../../src/Router/Runners.ts"
import { parseJestJson } from "../../../src/Router/runners/jestJson.ts"
import { parseJsonLines } from "../../../src/Router/runners/jsonLines.ts"
import { parseJunit } from "../../../src/Router/runners/junit.ts"
import { judgeAll } from "../../../src/StateMachine.ts"
import { onDisk, runAll } from "./support.ts"

const places = { root: "/app", cwd: "/app" }
const bytes = (text: string) => new TextEncoder().encode(text)
const parsers = { jsonLines: parseJsonLines, jestJson: parseJestJson, junit: parseJunit }

const good = "{\"file\":\"/app/a.js\",\"name\":\"t\",\"status\":\"passed\"}\n"
const end = "{\"end\":true}\n"
const xml = (inside: string) =>
  `<?xml version="1.0"?><testsuites><testsuite name="pytest">${inside}</testsuite></testsuites>`

const cut: ReadonlyArray<readonly [keyof typeof parsers, says: string, report: string]> = [
  ["jsonLines", "nothing", ""],
  ["jsonLines", "no end", good],
  ["jsonLines", "half an end", `${good}{"end":tr`],
  ["jsonLines", "an end without its line break", `${good}{"end":true}`],
  ["jsonLines", "lines after the end", `${good}${end}${good}`],
  ["jsonLines", "two ends", `${good}${end}${end}`],
  ["jsonLines", "a line that is no JSON", `${good}oops\n${end}`],
  ["jsonLines", "an unknown status", `{"file":null,"name":"t","status":"great"}\n${end}`],
  ["jestJson", "nothing", ""],
  ["jestJson", "half a report", "{\"testResults\":[{\"name\":\"/app/a.js\""],
  ["jestJson", "another shape", "{\"testResults\":[1]}"],
  ["jestJson", "too deep a nesting", "[".repeat(200_000)],
  ["junit", "nothing", ""],
  ["junit", "half a report", "<testsuites><testsuite><testcase classname='a' name='b'>"],
  ["junit", "another document", "<html></html>"],
  ["junit", "entities", `<!DOCTYPE x [<!ENTITY a "aaaa">]>${xml("<testcase name='&a;'/>")}`],
  ["junit", "too deep a nesting", xml(`${"<a>".repeat(50_000)}${"</a>".repeat(50_000)}`)]
]

describe("reading a report", () => {
  it.each(cut)("takes %s with %s for cut", (parser, _says, report) => {
    const read = parsers[parser]("x", bytes(report), places)
    // XML that is whole and only odd may be read as a report of no tests: no verdict either.
    assert.isTrue(read.truncated || read.cases.length === 0)
    assert.strictEqual(judgeAll([{ report: read, exitCode: 0, ended: "exit" }], noContext).verdict, "none")
  })

  for (const [name, parse] of Object.entries(parsers)) {
    it(`never throws on garbage (${name})`, () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => parse("x", garbage, places).truncated))
      fc.assert(fc.property(fc.json(), (json) => {
        parse("x", bytes(`${json}\n${end}`), places)
      }))
    })

    it(`does not read more than its cap (${name})`, () => {
      assert.isTrue(parse("x", new Uint8Array(maxReportBytes + 1).fill(32), places).truncated)
    })
  }

  it("gives a test only to a file of the project", () => {
    for (
      const file of [
        "/etc/passwd",
        "/app/../etc/passwd",
        "/application/a.js",
        "../x.js",
        "/app",
        "",
        "/app/a\\u0007.js"
      ]
    ) {
      const read = parseJsonLines("x", bytes(`{"file":"${file}","name":"t","status":"passed"}\n${end}`), places)
      assert.deepStrictEqual([read.truncated, read.cases[0]?.file], [false, null], file)
    }
  })

  it("reads what pytest says of failures, errors and skips", () => {
    const read = parseJunit(
      "pytest",
      bytes(xml(`
        <testcase classname="t.T" name="ok" file="t.py" line="1" time="0"/>
        <testcase classname="t.T" name="bad" file="t.py"><failure message="assert 1 == 2">E assert &lt;1&gt;</failure></testcase>
        <testcase classname="t.T" name="setup" file="t.py"><error message="failed on setup with &quot;x&quot;">E</error></testcase>
        <testcase classname="" name="u" file="u.py"><error message="collection failure">ImportError</error></testcase>
        <testcase classname="t.T" name="later" file="t.py"><skipped type="pytest.skip" message="no"/></testcase>`)),
      places
    )
    assert.deepStrictEqual(read.cases.map(({ file, name, status }) => `${file} ${name} ${status}`), [
      "t.py t.T.ok passed",
      "t.py t.T.bad failed",
      "t.py t.T.setup failed",
      "u.py (file) error",
      "t.py t.T.later skipped"
    ])
    assert.strictEqual(read.cases[1]?.message, "E assert <1>")
  })
})

const noContext = { written: {}, locked: {}, redTests: [], currentHashes: {} }

describe("readReport", () => {
  it.scopedLive("takes only a regular file, and no more of it than the cap", () =>
    Effect.gen(function*() {
      const root = yield* onDisk({ "secret": "{}", "report": "text", "large": "" })
      symlinkSync(join(root, "secret"), join(root, "link"))
      execFileSync("mkfifo", [join(root, "pipe")])
      truncateSync(join(root, "large"), 1024 ** 3)
      writeFileSync(join(root, "empty"), "")
      assert.deepStrictEqual(Buffer.from((yield* readReport(join(root, "report"))) ?? []).toString(), "text")
      assert.isNull(yield* readReport(join(root, "link")))
      assert.isNull(yield* readReport(join(root, "pipe")))
      assert.isNull(yield* readReport(join(root, "missing")))
      assert.isNull(yield* readReport(root))
      assert.strictEqual((yield* readReport(join(root, "large")))?.length, maxReportBytes + 1)
      assert.strictEqual((yield* readReport(join(root, "empty")))?.length, 0)
    }))
})

describe("a run", () => {
  it.scopedLive("reports a test of node:test that its process did not live to finish", () =>
    Effect.gen(function*() {
      const root = yield* onDisk({
        "a.test.mjs": `import test from "node:test"
          import { setTimeout } from "node:timers/promises"
          test("one", () => setTimeout(20))
          test("two", async () => { await setTimeout(20); process.exit(0) })
          test("three", () => {})`
      })
      const [run] = yield* runAll(root)
      assert.deepStrictEqual(run?.report?.cases.map(({ name, status }) => `${name} ${status}`), [
        "one passed",
        "two failed",
        "three failed"
      ])
      assert.strictEqual(judgeAll([run!], noContext).verdict, "none")
    }))

  it.scopedLive("names nested tests, leaves suites out and counts what is to do as skipped", () =>
    Effect.gen(function*() {
      const root = yield* onDisk({
        "a.test.mjs": `import test, { describe, it } from "node:test"
          describe("outer", () => { describe("inner", () => { it("x", () => {}); it.todo("later", () => { throw new Error("no") }) }) })
          test("parent", async (t) => { await t.test("child", () => {}) })`
      })
      const [run] = yield* runAll(root)
      assert.deepStrictEqual(run?.report?.cases.map(({ name, status }) => `${name} ${status}`), [
        "outer > inner > x passed",
        "outer > inner > later skipped",
        "parent > child passed",
        "parent passed"
      ])
      assert.strictEqual(run?.exitCode, 0)
    }))

  it.scopedLive("runs only the file, or only the tests, that are asked for", () =>
    Effect.gen(function*() {
      const py = (name: string) =>
        `import unittest\nclass T(unittest.TestCase):\n    def test_${name}(self):\n        pass\n    def test_other(self):\n        pass\n`
      const root = yield* onDisk({ "a/test_x.py": py("one"), "b/test_x.py": py("two") })
      const ran = (pattern: string) =>
        Effect.map(runAll(root, { pattern }), ([run]) => run?.report?.cases.map(({ file, name }) => `${file} ${name}`))
      assert.deepStrictEqual(yield* ran("b/test_x.py"), [
        "b/test_x.py b.test_x.T.test_other",
        "b/test_x.py b.test_x.T.test_two"
      ])
      assert.deepStrictEqual(yield* ran("test_one"), ["a/test_x.py a.test_x.T.test_one"])
    }))

  it.scopedLive("tells unittest's failures, errors, sub-tests and expectations apart", () =>
    Effect.gen(function*() {
      const root = yield* onDisk({
        "test_all.py": `import unittest
class T(unittest.TestCase):
    def test_error(self):
        raise KeyError("x")
    @unittest.expectedFailure
    def test_expected(self):
        self.fail()
    @unittest.expectedFailure
    def test_unexpected(self):
        pass
    def test_subs(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 1)
class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no")
    def test_never(self):
        pass
`
      })
      const [run] = yield* runAll(root)
      assert.deepStrictEqual(run?.report?.cases.map(({ name, status }) => `${name} ${status}`).toSorted(), [
        "setUpClass (test_all.Broken) failed",
        "test_all.T.test_error failed",
        "test_all.T.test_expected passed",
        "test_all.T.test_subs failed",
        "test_all.T.test_unexpected failed"
      ])
      assert.strictEqual(run?.exitCode, 1)
    }))
})
