import { assert, describe, it } from "@effect/vitest"
import type { TestCase } from "../../src/domain/Verdict.ts"
import { type Before, judge, tally, type VerdictContext } from "../../src/StateMachine.ts"
import { testCase } from "./fixtures.ts"

const own = "test/a.test.js"
const old = "test/old.test.js"

const before = (cases: ReadonlyArray<TestCase>, more: Partial<Before> = {}): Before => ({
  baseline: { tests: tally(cases), problem: null },
  touched: [own],
  moved: {},
  covers: null,
  ...more
})

const context: VerdictContext = { written: { [own]: "h1" }, locked: {}, redTests: [], currentHashes: { [own]: "h1" } }

const judged = (cases: ReadonlyArray<TestCase>, was: Before, more: Partial<VerdictContext> = {}) =>
  judge({
    report: { runner: "node", cases, truncated: false },
    exitCode: cases.some(({ status }) => status === "failed" || status === "error") ? 1 : 0,
    ended: "exit",
    ...context,
    ...more,
    before: was
  })

const t = testCase

describe("red", () => {
  it("is a test that did not fail before, and names it", () => {
    const verdict = judged(
      [t(own, "new", "failed"), t(own, "known", "failed"), t(old, "x", "failed")],
      before([t(own, "known", "failed"), t(old, "x", "failed")])
    )
    assert.strictEqual(verdict.verdict, "red")
    assert.deepStrictEqual(verdict.red, [`${own} > new`])
    assert.deepStrictEqual(verdict.failedBefore, [`${own} > known`, `${old} > x`])
  })

  it("is not a test that failed before, though the session rewrote its file", () => {
    const verdict = judged([t(own, "known", "failed"), t(old, "x", "passed")], before([t(own, "known", "failed")]))
    assert.strictEqual(verdict.verdict, "green")
    assert.match(verdict.reason, /1 that failed before/)
  })

  it("is the file that does not load any more", () => {
    const verdict = judged([t(own, "(file)", "error")], before([t(own, "known", "passed")]))
    assert.deepStrictEqual(verdict.red, [`${own} > (file)`])
    assert.strictEqual(judged([t(own, "(file)", "error")], before([t(own, "(file)", "error")])).verdict, "none")
  })

  it("counts namesakes: one more that fails is new", () => {
    const was = before([t(own, "case", "failed"), t(own, "case", "passed")])
    assert.strictEqual(judged([t(own, "case", "failed"), t(own, "case", "failed")], was).verdict, "red")
    assert.strictEqual(judged([t(own, "case", "failed"), t(own, "case", "passed")], was).verdict, "green")
  })

  it("keeps new failures when the list is cut", () => {
    const known = Array.from({ length: 200 }, (_, n) => t(own, `known ${n}`, "failed"))
    const verdict = judged([...known, t(own, "new", "failed")], before(known))
    assert.strictEqual(verdict.verdict, "red")
    assert.strictEqual(verdict.failures[0]?.name, "new")
    assert.lengthOf(verdict.failures, 100)
  })
})

describe("green", () => {
  const passing = [t(own, "mine", "passed")]

  it("is not kept away by what failed before", () => {
    const verdict = judged([...passing, t(old, "x", "failed")], before([t(old, "x", "failed")]))
    assert.strictEqual(verdict.verdict, "green")
    assert.deepStrictEqual(verdict.failedBefore, [`${old} > x`])
    assert.isUndefined(verdict.removed)
  })

  it("is not kept away by tests of a file that did not load before and does now", () => {
    const was = before([t(old, "(file)", "error")])
    assert.strictEqual(judged([...passing, t(old, "first seen", "failed")], was).verdict, "green")
    const touched = before([t(old, "(file)", "error")], { touched: [old] })
    assert.strictEqual(judged([...passing, t(old, "first seen", "failed")], touched).verdict, "none")
  })

  it("is not what breaks a test that passed, skips it, or makes it vanish", () => {
    const was = before([t(old, "x", "passed"), t(null, "nowhere", "passed")])
    const rows: ReadonlyArray<readonly [TestCase["status"] | undefined, RegExp]> = [
      ["failed", /did not fail before it: test\/old.test.js > x/],
      ["skipped", /old.test.js > x \(skipped\)/],
      [undefined, /old.test.js > x/]
    ]
    for (const [status, reason] of rows) {
      const cases = [...passing, t(null, "nowhere", "passed"), ...(status === undefined ? [] : [t(old, "x", status)])]
      const verdict = judged(cases, was)
      assert.deepStrictEqual([verdict.verdict, verdict.red], ["none", undefined])
      assert.match(verdict.reason, reason)
    }
    assert.match(judged([...passing, t(old, "x", "passed")], was).reason, /\? > nowhere/)
    const twice = before([t(old, "x", "passed"), t(old, "x", "passed")])
    assert.strictEqual(judged([...passing, t(old, "x", "passed")], twice).verdict, "none")
  })

  it("names what is gone from files of the session", () => {
    const was = before([t(old, "x", "passed"), t(own, "y", "passed"), t(own, "z", "passed")], { touched: [own, old] })
    const verdict = judged([...passing, t(own, "y", "skipped"), t(own, "z", "passed")], was)
    assert.strictEqual(verdict.verdict, "green")
    assert.deepStrictEqual(verdict.removed, [`${old} > x`, `${own} > y (skipped)`])
  })

  it("follows a file that only moved", () => {
    const was = before([t(old, "x", "passed"), t(old, "bad", "failed")], {
      touched: [old, "test/new.test.js"],
      moved: { [old]: "test/new.test.js" }
    })
    const there = [...passing, t("test/new.test.js", "x", "passed"), t("test/new.test.js", "bad", "failed")]
    assert.deepStrictEqual([judged(there, was).verdict, judged(there, was).removed], ["green", undefined])
    assert.deepStrictEqual(judged(passing, was).removed, ["test/new.test.js > x"])
  })

  it("of a part of the tests is compared with that part", () => {
    const cases = [t(old, "x", "passed"), t(own, "gone", "passed"), t(null, "nowhere", "passed")]
    assert.strictEqual(judged(passing, before(cases, { covers: [] })).verdict, "green")
    assert.deepStrictEqual(judged(passing, before(cases, { covers: [own] })).removed, [`${own} > gone`])
    assert.strictEqual(judged(passing, before(cases, { covers: [old] })).verdict, "none")
  })

  it("needs that nothing fails when what was before is not known", () => {
    const unknown: Before = {
      ...before([]),
      baseline: { tests: [], problem: "the run was stopped by its timeout limit" }
    }
    const verdict = judged([...passing, t(old, "x", "failed")], unknown)
    assert.deepStrictEqual([verdict.verdict, verdict.baseline], ["none", unknown.baseline.problem ?? ""])
    assert.strictEqual(judged(passing, unknown).verdict, "green")
  })

  it("still needs the red test by its name, and the lock", () => {
    const was = before([t(old, "x", "failed")])
    const locked = { locked: { [own]: "h1" }, redTests: [`${own} > mine`] }
    assert.strictEqual(judged([t(own, "other", "passed"), t(old, "x", "failed")], was, locked).verdict, "none")
    assert.strictEqual(judged([...passing, t(old, "x", "failed")], was, locked).verdict, "green")
  })
})

describe("tally", () => {
  it("counts by file and name", () => {
    assert.deepStrictEqual(tally([t(own, "a", "passed"), t(own, "a", "error"), t(null, "a", "skipped")]), [
      { file: t(own, "a", "passed").file, name: "a", passed: 1, failed: 0, errors: 1, skipped: 0 },
      { file: null, name: "a", passed: 0, failed: 0, errors: 0, skipped: 1 }
    ])
  })
})
