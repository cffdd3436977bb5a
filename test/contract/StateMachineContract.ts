import { assert, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { SessionId } from "../../src/domain/SessionId.ts"
import { StateMachine, type StateMachineFailed } from "../../src/StateMachine.ts"
import * as Given from "../StateMachine/fixtures.ts"

const one = SessionId.make("s-one")
const two = SessionId.make("s-two")

/** What every StateMachine does; `layer` gives a fresh, empty one. */
export const suite = (name: string, layer: () => Layer.Layer<StateMachine, StateMachineFailed>) => {
  const check = (title: string, body: Effect.Effect<void, unknown, StateMachine>) =>
    it.live(`${name}: ${title}`, () => Effect.provide(body, layer()))

  check(
    "creates a session in idle, once",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      assert.strictEqual((yield* machine.create(one, "explore")).phase, "idle")
      assert.strictEqual((yield* machine.get(one)).mode, "explore")
      const error = yield* Effect.flip(machine.create(one, "strict"))
      assert.strictEqual(error.reason, "session exists")
      assert.strictEqual((yield* machine.get(one)).mode, "explore")
    })
  )

  check(
    "keeps the state an event leads to",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      yield* machine.create(one, "strict")
      for (const event of Given.inRefactoring) {
        assert.deepStrictEqual(yield* machine.apply(one, event), yield* machine.get(one))
      }
      assert.deepStrictEqual(yield* machine.get(one), Given.run(Given.inRefactoring, yield* fresh))
    })
  )

  check(
    "keeps a run under way until its verdict",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      yield* machine.create(one, "strict")
      for (const event of [...Given.inTestWriting, Given.started]) yield* machine.apply(one, event)
      assert.strictEqual((yield* machine.get(one)).phase, "test_running")
      assert.strictEqual((yield* machine.apply(one, Given.red)).phase, "coding")
    })
  )

  check(
    "changes nothing on a refused event",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      yield* machine.create(one, "strict")
      const before = yield* machine.apply(one, Given.submitted)
      const error = yield* Effect.flip(machine.apply(one, Given.accept(Given.write("src/a.js"))))
      assert.strictEqual(error._tag, "TransitionRefused")
      assert.deepStrictEqual(yield* machine.get(one), before)
    })
  )

  check(
    "knows sessions apart and lists the newest first",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      yield* machine.create(one, "strict")
      yield* machine.create(two, "strict")
      yield* machine.apply(one, Given.submitted)
      const known = yield* machine.list
      assert.deepStrictEqual(known.map((state) => [state.session, state.phase]), [[two, "idle"], [one, "planning"]])
    })
  )

  check(
    "fails on a session it does not know",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      const errors = [yield* Effect.flip(machine.get(one)), yield* Effect.flip(machine.apply(one, Given.submitted))]
      assert.deepStrictEqual(errors.map((error) => error.reason), ["unknown session", "unknown session"])
    })
  )

  check(
    "applies events one after the other",
    Effect.gen(function*() {
      const machine = yield* StateMachine
      yield* machine.create(one, "strict")
      for (const event of Given.inPlanning) yield* machine.apply(one, event)
      const files = Array.from({ length: 20 }, (_, n) => `test/${n}.test.js`)
      yield* Effect.forEach(files, (file) => machine.apply(one, Given.accept(Given.write(file))), {
        concurrency: "unbounded"
      })
      assert.lengthOf(Object.keys((yield* machine.get(one)).written), files.length)
    })
  )
}

const fresh = Effect.sync(() => Given.run([]))
