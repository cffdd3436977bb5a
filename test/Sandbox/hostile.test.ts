import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, ManagedRuntime } from "effect"
import { inject } from "vitest"
import { runtimes } from "../support/runtimes.ts"
import { commands } from "./hostile/commands.ts"
import * as Judge from "./hostile/Judge.ts"
import { record } from "./hostile/outcomes.ts"

const patienceMs = 120_000

for (const [at, runtime] of runtimes.entries()) {
  describe(`a hostile command on ${runtime.name}`, () => {
    const judge = ManagedRuntime.make(Judge.layer(runtime, `hostile-${process.pid}-${at}`))
    const outcomes: Record<string, string> = {}
    beforeAll(() => Effect.runPromise(runtime.prepare), patienceMs)
    afterAll(async () => {
      await judge.dispose()
      record(inject("outcomes"), runtime.name, outcomes)
    })

    const suffers = (command: (typeof commands)[number]) =>
      it(`${command.topic}: ${command.name}: ${command.expected}`, () =>
        judge.runPromise(Effect.gen(function*() {
          const outcome = yield* Effect.flatMap(Judge.Judge, (_) => _.outcome(command))
          outcomes[`${command.topic}: ${command.name}`] = outcome
          assert.strictEqual(outcome, command.expected)
        })), patienceMs)

    describe.concurrent("gets nowhere", () => commands.filter(({ kind }) => kind !== "bomb").forEach(suffers))

    describe("holds nothing up", () => commands.filter(({ kind }) => kind === "bomb").forEach(suffers))

    it("leaves the machine as it was and nothing running", () =>
      judge.runPromise(Effect.gen(function*() {
        assert.deepStrictEqual(yield* Effect.flatMap(Judge.Judge, (_) => _.damage), {})
      })))
  })
}

it("is one of at least sixty, each with a name of its own", () => {
  const names = commands.map(({ name, topic }) => `${topic}: ${name}`)
  assert.isAtLeast(names.length, 60)
  assert.lengthOf(new Set(names), names.length)
})
