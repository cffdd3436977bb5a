import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Sqlite from "../src/internal/Sqlite.ts"
import { layerMemory, StateMachine } from "../src/StateMachine.ts"
import * as Sql from "../src/StateMachine/Sql.ts"
import { suite } from "./contract/StateMachineContract.ts"
import * as Given from "./StateMachine/fixtures.ts"

const { classify, session } = Given

const temporary = Effect.acquireRelease(
  Effect.sync(() => join(mkdtempSync(join(tmpdir(), "fluffy-state-")), "state.db")),
  (file) => Effect.sync(() => rmSync(join(file, ".."), { recursive: true, force: true }))
)

suite("StateMachine.layerMemory", () => layerMemory({ classify }))
suite(
  "StateMachine/Sql.layer",
  () => Layer.unwrapScoped(Effect.map(temporary, (file) => Sql.layer({ file, classify })))
)

/** Uses the database through a layer of its own, as another process would. */
const using = <A, E>(file: string, use: (machine: StateMachine["Type"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(StateMachine, use), Sql.layer({ file, classify }))

const withRow = (snapshot: string, test: (file: string) => Effect.Effect<void, unknown, Scope.Scope>) =>
  Effect.gen(function*() {
    const file = yield* temporary
    yield* using(file, (machine) => machine.create(session, "strict"))
    yield* Effect.scoped(Effect.gen(function*() {
      const sql = yield* Sqlite.open(file)
      yield* sql.unsafe("UPDATE session_states SET snapshot = ?", [snapshot])
    }))
    yield* test(file)
  })

describe("StateMachine/Sql.layer", () => {
  it.scopedLive("finds the sessions again after a restart", () =>
    Effect.gen(function*() {
      const file = yield* temporary
      yield* using(file, (machine) =>
        Effect.zipRight(
          machine.create(session, "strict"),
          Effect.forEach(Given.inCoding, (event) => machine.apply(session, event))
        ))
      assert.deepStrictEqual(yield* using(file, (machine) => machine.get(session)), Given.run(Given.inCoding))
    }))

  it.scopedLive("goes back to where a run started that died with its process", () =>
    Effect.gen(function*() {
      const file = yield* temporary
      yield* using(file, (machine) =>
        Effect.zipRight(
          machine.create(session, "strict"),
          Effect.forEach([...Given.inTestWriting, Given.started], (event) => machine.apply(session, event))
        ))
      yield* using(file, (machine) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* machine.get(session)).phase, "test_writing")
          const late = yield* Effect.flip(machine.apply(session, Given.red))
          assert.strictEqual(late._tag, "TransitionRefused")
          yield* machine.apply(session, Given.started)
          assert.strictEqual((yield* machine.apply(session, Given.red)).phase, "coding")
        }))
    }))

  it.scopedLive("lets two kernels change one database without losing an event", () =>
    Effect.gen(function*() {
      const file = yield* temporary
      yield* using(file, (machine) =>
        Effect.zipRight(machine.create(session, "strict"), machine.apply(session, Given.submitted)))
      const writer = (name: string) =>
        using(file, (machine) =>
          Effect.forEach(
            Array.from({ length: 10 }, (_, n) =>
              `test/${name}${n}.test.js`),
            (path) => machine.apply(session, Given.accept(Given.write(path)))
          ))
      yield* Effect.all([writer("a"), writer("b")], { concurrency: "unbounded" })
      const state = yield* using(file, (machine) => machine.get(session))
      assert.lengthOf(Object.keys(state.written), 20)
    }))

  const hostile = {
    "no JSON": "{",
    "another shape": "{\"session\":\"s-one\",\"phase\":\"root\"}",
    "another session's state": JSON.stringify({ ...Given.run([]), session: "s-two" }),
    "a mode that does not exist": JSON.stringify({ ...Given.run([]), mode: "god" })
  }
  for (const [name, snapshot] of Object.entries(hostile)) {
    it.scopedLive(`fails on a row with ${name}`, () =>
      withRow(snapshot, (file) =>
        using(file, (machine) =>
          Effect.gen(function*() {
            const errors = [
              yield* Effect.flip(machine.get(session)),
              yield* Effect.flip(machine.apply(session, Given.submitted)),
              yield* Effect.flip(machine.list)
            ]
            for (const error of errors) {
              assert.deepStrictEqual([error._tag, error.reason], ["StateMachineFailed", "read"])
            }
          }))))
  }

  it.scopedLive("fails to open what is no database", () =>
    Effect.gen(function*() {
      const file = yield* temporary
      const error = yield* Effect.flip(using(join(file, ".."), (machine) => machine.list))
      assert.deepStrictEqual([error._tag, error.reason], ["StateMachineFailed", "open"])
    }))
})
