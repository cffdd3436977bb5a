import { assert, describe, it } from "@effect/vitest"
import { Either, Option } from "effect"
import fc from "fast-check"
import { initial, permits, type SessionState, type StateEvent, transition } from "../../src/StateMachine.ts"
import * as Given from "./fixtures.ts"

const files = ["test/a.test.js", "test/b.test.js", "src/a.js", "README.md", ".env", "src/x.test.js/y.js"]

const change = fc.oneof(
  fc.tuple(fc.constantFrom(...files), fc.constantFrom("h1", "h2")).map(([file, hash]) => Given.write(file, hash)),
  fc.constantFrom(...files).map(Given.remove),
  fc.tuple(fc.constantFrom(...files), fc.constantFrom(...files)).map(([from, to]) => Given.rename(from, to))
)

const failure = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: fc.constant("test/a.test.js") }, fc.constantFrom(...files, null)),
  fc.constantFrom("failed" as const, "error" as const)
).map(([file, status]) => Given.testCase(file, "t", status))

const verdict = fc.tuple(
  fc.constantFrom("red" as const, "green" as const, "none" as const),
  fc.array(failure, { maxLength: 2 })
).map(([kind, failures]) => Given.finished(Given.verdict(kind, failures)))

const step: fc.Arbitrary<ReadonlyArray<StateEvent>> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(change, { minLength: 1, maxLength: 2 }).map((changes) => [Given.accept(...changes)])
  },
  { weight: 1, arbitrary: fc.constantFrom(Given.inTestWriting, Given.inCoding.slice(1), Given.inGreen.slice(1)) },
  { weight: 4, arbitrary: verdict.map((finished) => [Given.started, finished]) },
  fc.constantFrom(Given.submitted, Given.started, Given.green, Given.completed, Given.approved, Given.rejected)
    .map((event) => [event])
)

const events = fc.array(step, { maxLength: 25 }).map((steps) => steps.flat())

/** Walks a strict session through the events, showing each step that was taken. */
const walk = (
  events: ReadonlyArray<StateEvent>,
  step: (before: SessionState, event: StateEvent, after: SessionState) => void
) => {
  let state = initial(Given.session, "strict")
  for (const event of [Given.submitted, ...events]) {
    const next = Either.getOrElse(transition(state, event, Given.classify), () => state)
    if (next !== state) step(state, event, next)
    state = next
  }
}

const isRed = (event: StateEvent) => event._tag === "TestRunFinished" && event.verdict.verdict === "red"

describe("a strict session, whatever happens", () => {
  it("reaches coding only after a red verdict", () => {
    let reached = 0
    fc.assert(
      fc.property(events, (events) => {
        let red = false
        walk(events, (_before, event, after) => {
          red ||= isRed(event)
          if (after.phase !== "coding") return
          reached++
          assert.isTrue(red)
        })
      }),
      { numRuns: 2_000, seed: 1 }
    )
    assert.isAbove(reached, 100)
  })

  it("never lets a source file be written before a red verdict, nor a secret one at all", () => {
    fc.assert(
      fc.property(events, (events) => {
        let red = false
        walk(events, (_before, event, after) => {
          red ||= isRed(event)
          const source = permits(after, Given.write("src/a.js"), Given.classify)
          if (!red) assert.isTrue(Option.isSome(source) && !after.touchedSource)
          assert.isTrue(Option.isSome(permits(after, Given.write(".env"), Given.classify)))
        })
      }),
      { numRuns: 2_000 }
    )
  })

  it("changes no test while its lock holds, and accepts tests and sources in no single step", () => {
    fc.assert(
      fc.property(events, (events) => {
        walk(events, (before, _event, after) => {
          if (before.phase !== "coding" && before.phase !== "refactoring") return
          assert.deepStrictEqual(after.written, before.written)
          for (const file of Object.keys(before.locked)) {
            assert.isTrue(Option.isSome(permits(before, Given.remove(file), Given.classify)))
          }
        })
      }),
      { numRuns: 1_000 }
    )
  })

  it("ends in done only from a review that followed green, or that no test and no source preceded", () => {
    fc.assert(
      fc.property(events, (events) => {
        walk(events, (before, _event, after) => {
          if (after.phase === "reviewing" && before.phase !== "reviewing") {
            const documents = before.phase === "planning" && !before.touchedSource &&
              Object.keys(before.written).length === 0
            assert.isTrue(before.phase === "green" || documents)
          }
          if (after.phase === "done") assert.strictEqual(before.phase, "reviewing")
        })
      }),
      { numRuns: 1_000 }
    )
  })
})
