import { assert, describe, it } from "@effect/vitest"
import type { TestCase } from "../../src/domain/Verdict.ts"
import { judge, judgeAll, type TestRun, type VerdictContext } from "../../src/StateMachine.ts"
import { testCase } from "./fixtures.ts"

const own = "test/a.test.js"
const context: VerdictContext = { written: { [own]: "h1" }, locked: {}, redTests: [], currentHashes: { [own]: "h1" } }
const locked: VerdictContext = { ...context, locked: { [own]: "h1" }, redTests: [`${own} > adds`] }
const adds = (status: TestCase["status"]) => testCase(own, "adds", status)
const old = (status: TestCase["status"]) => testCase("test/old.test.js", "old", status)

const ran = (cases: ReadonlyArray<TestCase>, exitCode: number, more: Partial<TestRun> = {}): TestRun => ({
  report: { runner: "node", cases, truncated: false },
  exitCode,
  ended: "exit",
  ...more
})

const cut = { runner: "node", cases: [adds("failed")], truncated: true }

type Row = readonly [says: string, is: "red" | "green" | "none", run: TestRun, context: VerdictContext, because: string]

const rows: ReadonlyArray<Row> = [
  ["a failing test of this session", "red", ran([adds("failed"), old("passed")], 1), context, "1 failing"],
  ["a load error of a test file of this session", "red", ran([adds("error")], 1), context, "1 failing"],
  ["failing tests elsewhere only", "none", ran([adds("passed"), old("failed")], 1), context, "did not write"],
  ["a failure without a file", "none", ran([testCase(null, "x", "failed")], 1), context, "did not write"],
  ["a file named like an object's own method", "none", ran([testCase("constructor", "x", "failed")], 1), context, ""],
  [
    "a test file that the run changed",
    "none",
    ran([adds("failed")], 1),
    { ...context, currentHashes: {} },
    "changed while"
  ],
  ["no report", "none", ran([], 1, { report: null }), context, "left no report"],
  ["a crash", "none", ran([], 139, { report: null }), context, "was killed"],
  ["no such command", "none", ran([], 127, { report: null }), context, "was not found"],
  ["a cut report", "none", ran([], 1, { report: cut }), context, "cut off"],
  ["a time-out", "none", ran([adds("failed")], 137, { ended: "timeout" }), context, "timeout limit"],
  ["a run out of memory", "none", ran([adds("failed")], 1, { ended: "memory" }), context, "memory limit"],
  ["no tests", "none", ran([], 0), context, "no tests were found"],
  ["failures with exit code 0", "none", ran([adds("failed")], 0), context, "exit code is 0"],
  ["passes with exit code 1", "none", ran([adds("passed")], 1), context, "exit code is 1"],
  ["skips only", "none", ran([adds("skipped")], 0), context, "skipped"],
  ["all passing", "green", ran([adds("passed"), old("skipped")], 0), context, "passed"],
  ["the locked test passing", "green", ran([adds("passed")], 0), locked, "passed"],
  [
    "the locked test changed",
    "none",
    ran([adds("passed")], 0),
    { ...locked, currentHashes: { [own]: "h2" } },
    "locked"
  ],
  ["the locked test gone", "none", ran([adds("passed")], 0), { ...locked, currentHashes: { [own]: null } }, "locked"],
  ["the locked test not run", "none", ran([old("passed")], 0), locked, "was not run, or only skipped"],
  ["the locked test skipped", "none", ran([adds("skipped"), old("passed")], 0), locked, "only skipped"],
  ["the red test vanished", "none", ran([testCase(own, "other", "passed")], 0), locked, "did not pass"],
  ["a namesake of the red test skipped", "none", ran([adds("passed"), adds("skipped")], 0), locked, "did not pass"]
]

describe("judge", () => {
  it.each(rows)("judges %s as %s", (_says, is, run, context, because) => {
    const verdict = judge({ ...run, ...context })
    assert.strictEqual(verdict.verdict, is, verdict.reason)
    assert.include(verdict.reason, because)
  })

  it("counts, and names the files that ran", () => {
    const verdict = judge({ ...ran([adds("failed"), old("passed"), old("skipped")], 1), ...context })
    assert.deepStrictEqual([verdict.passed, verdict.failed, verdict.skipped], [1, 1, 1])
    assert.deepStrictEqual<ReadonlyArray<string>>(verdict.files, [own, "test/old.test.js"])
  })

  it("caps failures and their messages without losing a file", () => {
    const many = Array.from(
      { length: 500 },
      (_, n) => ({ ...testCase(own, `t${n}`, "failed"), message: "x".repeat(9_000) })
    )
    const verdict = judge({ ...ran([...many, old("failed")], 1), ...context })
    assert.lengthOf(verdict.failures, 100)
    assert.isTrue(verdict.failures.some((test) => test.file === "test/old.test.js"))
    assert.lengthOf(verdict.failures[0]?.message ?? "", 2_000)
    assert.strictEqual(verdict.failed, 501)
  })

  it("believes several runners only when each can be believed", () => {
    assert.strictEqual(judgeAll([ran([adds("passed")], 0), ran([old("passed")], 0)], locked).verdict, "green")
    assert.strictEqual(judgeAll([ran([adds("passed")], 0), ran([], 1)], locked).verdict, "none")
    assert.strictEqual(judgeAll([ran([adds("failed")], 1), ran([old("passed")], 0)], context).verdict, "red")
    assert.strictEqual(judgeAll([ran([adds("failed")], 0), ran([old("passed")], 1)], context).verdict, "none")
    assert.strictEqual(judgeAll([], context).verdict, "none")
  })
})
