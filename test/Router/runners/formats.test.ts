import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { readFileSync } from "node:fs"
import { ProjectPath } from "../../../src/domain/ProjectPath.ts"
import type { TestReport } from "../../../src/domain/Verdict.ts"
import { parseCargo } from "../../../src/Router/runners/cargoReport.ts"
import { dotnet } from "../../../src/Router/runners/dotnet.ts"
import { junitRunner, tapRunner } from "../../../src/Router/runners/generic.ts"
import { parseGo } from "../../../src/Router/runners/goReport.ts"
import { nextest } from "../../../src/Router/runners/nextest.ts"
import { phpunit } from "../../../src/Router/runners/phpunit.ts"
import type { Places } from "../../../src/Router/runners/Places.ts"
import { rspec } from "../../../src/Router/runners/rspec.ts"
import { judgeAll } from "../../../src/StateMachine.ts"

const sample = (name: string) => readFileSync(new URL(`../../fixtures/reports/${name}`, import.meta.url))
const bytes = (text: string) => new TextEncoder().encode(text)

const placesOf = (files: Readonly<Record<string, string>>): Places => ({
  root: "/app",
  cwd: "/app",
  files: Object.keys(files).map((file) => ProjectPath.make(file)),
  texts: new Map(Object.entries(files).map(([file, text]) => [ProjectPath.make(file), text]))
})

const brief = (report: TestReport | null) =>
  report?.cases.map(({ file, name, status }) => `${status} ${file} ${name}`).toSorted()

const junit = junitRunner([], "target/*.xml", (file) => file.endsWith("Test.java"))
const tap = tapRunner([], (file) => file.startsWith("test/"))

const java = placesOf({
  "src/main/java/com/acme/Add.java": "",
  "src/test/java/com/acme/AddTest.java": "",
  "src/test/java/com/acme/OtherTest.java": ""
})
const rust = placesOf({
  "Cargo.toml": "[package]\nname = \"app\"\n",
  "src/lib.rs": "",
  "src/parse.rs": "",
  "src/main.rs": "",
  "tests/add.rs": "",
  "tests/old.rs": ""
})
const csharp = placesOf({
  "tests/AddTests.cs": "namespace App.Tests;\npublic class AddTests { }\n",
  "tests/OldTests.cs": "public class OldTests { }\n",
  "tests/Slow.cs": "class Outer { class SlowTests { } }\n"
})

describe("a report as the format has it", () => {
  it("of dotnet test is read by class, and counts have to agree", () => {
    const report = dotnet.parse(sample("dotnet.trx"), csharp)
    assert.deepStrictEqual(brief(report), [
      "failed tests/AddTests.cs App.Tests.AddTests.Adds",
      "passed tests/AddTests.cs App.Tests.AddTests.Zero(a: 0, b: 0)",
      "skipped tests/Slow.cs App.Tests.Outer+SlowTests.Later"
    ])
    assert.include(report?.cases[0]?.message, "Actual:   -1")
    assert.isFalse(report?.truncated)
    const less = sample("dotnet.trx").toString().replace("total=\"3\"", "total=\"4\"")
    assert.isTrue(dotnet.parse(bytes(less), csharp)?.truncated)
  })

  it("of a failed build of dotnet names the test file", () => {
    const report = dotnet.parse(sample("dotnet-build.txt"), csharp)
    assert.deepStrictEqual(brief(report), ["error tests/AddTests.cs (file)"])
    assert.include(report?.cases[0]?.message, "'Calc' does not exist")
  })

  it("of cargo-nextest is read by test program and module", () => {
    const report = nextest.parse(sample("nextest.xml"), rust)
    assert.deepStrictEqual(brief(report), [
      "failed tests/add.rs app::add.adds",
      "passed src/main.rs app::bin/run.tests::starts",
      "passed src/parse.rs app.parse::tests::reads",
      "passed tests/add.rs app::add.inner::zero"
    ])
    assert.isFalse(report?.truncated)
    assert.deepStrictEqual(brief(nextest.parse(sample("nextest-build.txt"), rust)), ["error tests/add.rs (file)"])
  })

  it("of Maven is read from all its files, by class", () => {
    const report = junit.parse(sample("surefire.xml"), java)
    assert.deepStrictEqual(brief(report), [
      "failed src/test/java/com/acme/AddTest.java com.acme.AddTest.adds",
      "failed src/test/java/com/acme/AddTest.java com.acme.AddTest.throwsUp",
      "passed src/test/java/com/acme/AddTest.java com.acme.AddTest$Inner.zero",
      "skipped src/test/java/com/acme/OtherTest.java com.acme.OtherTest.later"
    ])
    assert.isFalse(report?.truncated)
    assert.deepStrictEqual(brief(junit.parse(sample("maven-build.txt"), java)), [
      "error src/test/java/com/acme/AddTest.java (file)"
    ])
  })

  it("in TAP is read at its outermost level, with files from the diagnostics", () => {
    const report = tap.parse(sample("node.tap"), placesOf({ "test/add.test.js": "", "test/other.test.js": "" }))
    assert.deepStrictEqual(brief(report), [
      "failed test/add.test.js adds",
      "passed test/other.test.js outer",
      "skipped null later",
      "skipped null someday"
    ])
    assert.isFalse(report?.truncated)
  })

  it("that one of several documents spoils is not read at all", () => {
    const spoilt = `${sample("surefire.xml").toString()}\n<?fluffy-report?>\n<testsuite`
    assert.isTrue(junit.parse(bytes(spoilt), java)?.truncated)
    const printed = "fluffy: the command left no report and printed\nBUILD FAILED\n"
    assert.isNull(junit.parse(bytes(printed), java))
  })
})

const event = (action: string, more: object = {}) => `${JSON.stringify({ Action: action, Package: "app", ...more })}\n`
const passes = event("run", { Test: "TestA" }) + event("pass", { Test: "TestA" })
const running = "     Running tests/add.rs (target/debug/deps/add-1)\n"
const built = `{"reason":"build-finished","success":true}\n`
const result = (passed: number) =>
  `test result: ok. ${passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n`

const forged: ReadonlyArray<readonly [says: string, read: (text: string) => TestReport | null, text: string]> = [
  ["go: no end of the package", (text) => parseGo("go", bytes(text), rust), passes],
  ["go: a test that ends twice", (text) => parseGo("go", bytes(text), rust), passes + event("fail", { Test: "TestA" })],
  ["go: a test after the end", (text) => parseGo("go", bytes(text), rust), passes + event("pass") + passes],
  ["go: a test that never started", (text) => parseGo("go", bytes(text), rust), event("pass", { Test: "TestA" })],
  ["cargo: no build", (text) => parseCargo("cargo", bytes(text), rust), `${running}running 0 tests\n\n${result(0)}`],
  [
    "cargo: a line of somebody else's",
    (text) => parseCargo("cargo", bytes(text), rust),
    `${built}${running}\nrunning 1 test\ntest x ... ok\ntest y ... ok\n\n${result(1)}`
  ],
  [
    "cargo: more than it announced",
    (text) => parseCargo("cargo", bytes(text), rust),
    `${built}${running}\nrunning 1 test\nhello\ntest x ... ok\n\n${result(1)}`
  ],
  [
    "cargo: a test twice",
    (text) => parseCargo("cargo", bytes(text), rust),
    `${built}${running}\nrunning 2 tests\ntest x ... ok\ntest x ... ok\n\n${result(2)}`
  ],
  [
    "cargo: no end",
    (text) => parseCargo("cargo", bytes(text), rust),
    `${built}${running}\nrunning 1 test\ntest x ... ok\n`
  ],
  ["tap: no plan", (text) => tap.parse(bytes(text), rust), "ok 1 - x\n"],
  ["tap: two plans", (text) => tap.parse(bytes(text), rust), "1..1\nok 1 - x\n1..1\n"],
  ["tap: fewer than planned", (text) => tap.parse(bytes(text), rust), "1..2\nok 1 - x\n"],
  ["tap: a number twice", (text) => tap.parse(bytes(text), rust), "1..2\nok 1 - x\nok 1 - x\n"],
  ["tap: given up", (text) => tap.parse(bytes(text), rust), "1..1\nok 1 - x\nBail out! no\n"],
  [
    "rspec: counts that disagree",
    (text) => rspec.parse(bytes(text), rust),
    JSON.stringify({ examples: [], summary: { example_count: 1, failure_count: 0, pending_count: 0 } })
  ],
  ["phpunit: half a document", (text) => phpunit.parse(bytes(text), rust), "<testsuites><testsuite>"],
  ["junit: a test without a name", (text) => junit.parse(bytes(text), rust), "<testsuite><testcase/></testsuite>"]
]

describe("a report that is not whole", () => {
  it.each(forged)("proves nothing: %s", (_says, read, text) => {
    const report = read(text)
    assert.isTrue(report?.truncated)
    const context = { written: {}, locked: {}, redTests: [], currentHashes: {} }
    assert.strictEqual(judgeAll([{ report, exitCode: 0, ended: "exit" }], context).verdict, "none")
  })

  it("takes no time to speak of, however it is made", () => {
    const long = " ".repeat(2_000_000)
    assert.isTrue(tap.parse(bytes(`1..1\nok${long}x${long}\n`), rust)?.truncated === false)
    const stack = `<StackTrace>${" in /".repeat(400_000)}</StackTrace>`
    const trx = `<TestRun><UnitTestResult testName="((((">${stack}</UnitTestResult></TestRun>`
    assert.isTrue(dotnet.parse(bytes(trx), csharp)?.truncated)
    assert.isTrue(junit.parse(bytes(`${"<testsuite>".repeat(200)}${"</testsuite>".repeat(200)}`), java)?.truncated)
  })

  it("has class names that are no patterns", () => {
    const trx = sample("dotnet.trx").toString().replaceAll("App.Tests.AddTests\"", "App.Tests.Add((Tests\"")
    assert.isFalse(dotnet.parse(bytes(trx), csharp)?.truncated)
  })

  it("is garbage at worst, and never throws", () => {
    const all = [dotnet, nextest, phpunit, rspec, junit, tap].map(({ parse }) => parse)
    const parsers = [...all, parseGo.bind(null, "go"), parseCargo.bind(null, "cargo")]
    const mark = "fluffy: the command left no report and printed\n"
    const piece = fc.constantFrom(
      mark,
      built,
      running,
      "{\"Action\":\"run\",\"Test\":\"__proto__\",\"Package\":\"\"}\n",
      "1..1\n",
      "ok",
      "<a>",
      "<testsuite>"
    )
    const text = fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }).map((parts) => parts.join(""))
    fc.assert(fc.property(text, fc.uint8Array({ maxLength: 200 }), (text, garbage) => {
      for (const parse of parsers) {
        parse(bytes(text), rust)
        parse(garbage, rust)
      }
    }))
  })
})
