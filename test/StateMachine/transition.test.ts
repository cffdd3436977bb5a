import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import type { Phase } from "../../src/domain/Phase.ts"
import { initial, type PhaseRow, phaseTable, recover, type StateEvent, transition } from "../../src/StateMachine.ts"
import * as Given from "./fixtures.ts"

const { accept, classify, path, run, session, testCase, verdict, write } = Given

const refused = (events: ReadonlyArray<StateEvent>, event: StateEvent) =>
  Either.getOrThrow(Either.flip(transition(run(events), event, classify)))

type Row = readonly [
  from: string,
  events: ReadonlyArray<StateEvent>,
  by: string,
  event: ReadonlyArray<StateEvent>,
  to: Phase
]

const rows: ReadonlyArray<Row> = [
  ["idle", [], "a task", [Given.submitted], "planning"],
  ["planning", Given.inPlanning, "a test file", [accept(write("test/a.test.js"))], "test_writing"],
  ["planning", Given.inPlanning, "a deleted test file", [accept(Given.remove("test/old.js"))], "test_writing"],
  ["planning", Given.inPlanning, "an exempt file", [accept(write("README.md"))], "planning"],
  ["planning", Given.inPlanning, "a directory", [accept(Given.directory("test"))], "planning"],
  ["planning", Given.inPlanning, "a green run", [Given.started, Given.green], "planning"],
  ["planning", Given.inPlanning, "a red run", [Given.started, Given.red], "planning"],
  ["planning", Given.inPlanning, "completion", [accept(write("README.md")), Given.completed], "reviewing"],
  ["test_writing", Given.inTestWriting, "more tests", [accept(write("test/b.test.js"))], "test_writing"],
  ["test_writing", Given.inTestWriting, "a run under way", [Given.started], "test_running"],
  ["test_writing", Given.inTestWriting, "red", [Given.started, Given.red], "coding"],
  ["test_writing", Given.inTestWriting, "green", [Given.started, Given.green], "test_writing"],
  ["test_writing", Given.inTestWriting, "no verdict", [Given.started, Given.none], "test_writing"],
  ["coding", Given.inCoding, "a source file", [accept(write("src/a.js"))], "coding"],
  ["coding", Given.inCoding, "red", [Given.started, Given.red], "coding"],
  ["coding", Given.inCoding, "no verdict", [Given.started, Given.none], "coding"],
  ["coding", Given.inCoding, "green", [Given.started, Given.green], "green"],
  ["green", Given.inGreen, "a test file", [accept(write("test/b.test.js"))], "test_writing"],
  ["green", Given.inGreen, "a source file", [accept(write("src/b.js"))], "refactoring"],
  ["green", Given.inGreen, "an exempt file", [accept(write("README.md"))], "green"],
  ["green", Given.inGreen, "green again", [Given.started, Given.green], "green"],
  ["green", Given.inGreen, "red", [Given.started, Given.red], "coding"],
  ["green", Given.inGreen, "completion", [Given.completed], "reviewing"],
  ["refactoring", Given.inRefactoring, "green", [Given.started, Given.green], "green"],
  ["refactoring", Given.inRefactoring, "red", [Given.started, Given.red], "refactoring"],
  ["reviewing", Given.inReviewing, "approval", [Given.approved], "done"],
  ["reviewing", Given.inReviewing, "rejection", [Given.rejected], "coding"],
  ["reviewing of documents", [...Given.inPlanning, Given.completed], "rejection", [Given.rejected], "planning"],
  ["a run", [...Given.inCoding, Given.started], "a failure of the session", [Given.broken], "failed"],
  ["reviewing", Given.inReviewing, "a failure of the session", [Given.broken], "failed"]
]

describe("transition", () => {
  it.each(rows)("goes from %s by %#", (_from, events, _by, event, to) => {
    assert.strictEqual(run(event, run(events)).phase, to)
  })

  const refusals: ReadonlyArray<readonly [string, ReadonlyArray<StateEvent>, StateEvent]> = [
    ["changes before a task", [], accept(write("README.md"))],
    ["a second task", Given.inPlanning, Given.submitted],
    ["a source file in planning", Given.inPlanning, accept(write("src/a.js"))],
    ["a source file in test_writing", Given.inTestWriting, accept(write("src/a.js"))],
    ["a source file while the tests run", [...Given.inTestWriting, Given.started], accept(write("src/a.js"))],
    ["a test file in coding", Given.inCoding, accept(write("test/a.test.js", "weak"))],
    ["a test file in refactoring", Given.inRefactoring, accept(write("test/b.test.js"))],
    ["completion in test_writing", Given.inTestWriting, Given.completed],
    ["completion in coding", Given.inCoding, Given.completed],
    ["completion in refactoring", Given.inRefactoring, Given.completed],
    ["completion while the tests run", [...Given.inGreen, Given.started], Given.completed],
    ["a run in a run", [...Given.inGreen, Given.started], Given.started],
    ["a verdict without a run", Given.inTestWriting, Given.red],
    ["a run under review", Given.inReviewing, Given.started],
    ["changes under review", Given.inReviewing, accept(write("README.md"))],
    ["an approval without review", Given.inGreen, Given.approved],
    ["another mode under review", Given.inReviewing, Given.mode("debug")],
    ["anything when done", [...Given.inReviewing, Given.approved], Given.broken],
    ["anything when failed", [...Given.inPlanning, Given.broken], Given.submitted]
  ]
  it.each(refusals)("refuses %s", (_name, events, event) => {
    const error = refused(events, event)
    assert.strictEqual(error.event, event._tag)
    assert.isNotEmpty(error.possible)
  })

  it("locks the written tests that failed, and no other file", () => {
    const state = run([
      ...Given.inTestWriting,
      accept(write("test/b.test.js", "h2")),
      Given.started,
      Given.finished(verdict("red", [
        testCase("test/a.test.js", "adds", "failed"),
        testCase("test/a.test.js", "load", "error"),
        testCase("test/old.test.js", "old", "failed")
      ]))
    ])
    assert.deepStrictEqual(state.locked, { [path("test/a.test.js")]: "h1" })
    assert.deepStrictEqual(state.redTests, ["test/a.test.js > adds"])
    assert.strictEqual(state.verdict?.verdict, "red")
  })

  it("does not believe a red verdict that names no test file of the session", () => {
    for (const file of ["test/old.test.js", null, "constructor"]) {
      const foreign = Given.finished(verdict("red", [testCase(file, "x", "failed")]))
      assert.strictEqual(run([...Given.inTestWriting, Given.started, foreign]).phase, "test_writing")
    }
  })

  it("forgets a written test that was deleted or moved away", () => {
    assert.deepStrictEqual(run([...Given.inTestWriting, accept(Given.remove("test/a.test.js"))]).written, {})
    const moved = run([...Given.inTestWriting, accept(Given.rename("test/a.test.js", "test/b.test.js"))])
    assert.deepStrictEqual(Object.keys(moved.written), ["test/b.test.js"])
  })

  it("counts red runs while coding and starts again at green", () => {
    const three = run([
      ...Given.inCoding,
      Given.started,
      Given.red,
      Given.started,
      Given.none,
      Given.started,
      Given.red
    ])
    assert.strictEqual(three.reds, 2)
    assert.strictEqual(run([Given.started, Given.green], three).reds, 0)
  })

  it("keeps the locks through green and refactoring and releases them for the next cycle", () => {
    assert.deepStrictEqual(Object.keys(run(Given.inRefactoring).locked), ["test/a.test.js"])
    const next = run([...Given.inGreen, accept(write("test/b.test.js"))])
    assert.deepStrictEqual([next.locked, next.redTests], [{}, []])
    assert.deepStrictEqual(Object.keys(next.written), ["test/a.test.js", "test/b.test.js"])
  })

  it("keeps what changed while the tests ran, and where it leads", () => {
    const state = run([...Given.inPlanning, Given.started, accept(write("test/a.test.js"))])
    assert.deepStrictEqual([state.phase, state.resume], ["test_running", "test_writing"])
    assert.strictEqual(run([Given.red], state).phase, "coding")
  })

  it("answers and ends in explore mode", () => {
    const explore = run([Given.submitted], initial(session, "explore"))
    assert.strictEqual(run([Given.completed], explore).phase, "done")
    assert.isTrue(Either.isLeft(transition(explore, accept(write("README.md")), classify)))
  })

  it("lets only a human change the mode", () => {
    const forged = { _tag: "ModeChanged", mode: "debug", by: "model" } as unknown as StateEvent
    assert.include(refused(Given.inCoding, forged).reason, "only a human")
    assert.strictEqual(run([...Given.inCoding, Given.mode("debug")]).mode, "debug")
  })

  it("does not let a rejected review of debug work skip the red run", () => {
    const debugged = [...Given.inTestWriting, Given.mode("debug"), accept(write("src/a.js")), Given.completed]
    assert.strictEqual(run(debugged).phase, "reviewing")
    assert.strictEqual(run([...debugged, Given.rejected]).phase, "test_writing")
    const planned = [...Given.inPlanning, Given.mode("debug"), accept(write("src/a.js"))]
    assert.include(refused([...planned, Given.mode("strict")], Given.completed).reason, "ended green")
  })

  it("locks a test again after a human let it be changed", () => {
    const changed = run([...Given.inCoding, Given.mode("debug"), accept(write("test/a.test.js", "h9"))])
    assert.deepStrictEqual(changed.locked, { [path("test/a.test.js")]: "h9" })
    assert.deepStrictEqual(changed.redTests, [])
    assert.deepStrictEqual(run([accept(Given.remove("test/a.test.js"))], changed).locked, {})
  })

  it("does not complete on a green run that was of other files, until the tests run again", () => {
    for (const file of ["package.json", "src/data.json", "README.md"]) {
      const changed = [...Given.inGreen, accept(write(file))]
      assert.strictEqual(run(changed).phase, "green")
      assert.include(refused(changed, Given.completed).reason, "run them again")
      assert.strictEqual(run([...changed, Given.started, Given.green, Given.completed]).phase, "reviewing")
    }
    assert.strictEqual(run([...Given.inPlanning, accept(write("README.md")), Given.completed]).phase, "reviewing")
  })

  it("takes a run that died with its process for not begun", () => {
    const state = recover(run([...Given.inCoding, Given.started]))
    assert.deepStrictEqual([state.phase, state.resume], ["coding", null])
    assert.strictEqual(recover(run(Given.inReviewing)).resume, "coding")
  })

  it("names in its table only phases that exist, and reaches each", () => {
    const targets = Object.values<PhaseRow>(phaseTable).flatMap((row) => row.edges.map((edge) => edge.to))
    assert.deepStrictEqual(
      [...new Set(targets)].toSorted(),
      Object.keys(phaseTable).filter((_) => _ !== "idle").toSorted()
    )
  })
})
