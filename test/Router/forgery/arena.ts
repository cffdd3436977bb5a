import { Context, Effect, Layer } from "effect"
import type { Phase } from "../../../src/domain/Phase.ts"
import { makeProject } from "../../support/project.ts"
import { kernel, openSession, type VerdictEvent } from "../../support/session.ts"

export type Files = Readonly<Record<string, string>>

/** What a test run came to: the kernel's verdict, the phase after it, and what the model was told. */
export interface Judged {
  readonly verdict: VerdictEvent
  readonly phase: Phase
  readonly told: string
}

/** A session in `coding` over the real sandbox: its locked test is red, and whoever attacks may write everything else. */
export class Arena extends Context.Tag("test/Arena")<Arena, {
  /** Writes the files, runs all tests, and puts back what was there. Every write must be let through. */
  readonly attack: (files: Files, timeout?: number) => Effect.Effect<Judged>
}>() {}

const make = (project: Files, test: Files) =>
  Effect.gen(function*() {
    const session = yield* openSession(yield* makeProject(project))
    const run = (timeout: number) =>
      Effect.zipWith(session.run({ timeout }), session.phase, (ran, phase): Judged => ({ ...ran, phase }), {
        concurrent: false
      })
    yield* session.write(test)
    const first = yield* run(30)
    if (first.phase !== "coding") return yield* Effect.dieMessage(`the locked test is not red: ${first.told}`)
    return Arena.of({
      attack: (files, timeout = 30) =>
        Effect.gen(function*() {
          yield* session.write(files)
          const judged = yield* run(timeout)
          if (judged.phase === "coding") yield* session.write(project)
          return judged
        })
    })
  })

/** The arena for a project and the test of the session. */
export const layer = (project: Files, test: Files): Layer.Layer<Arena> =>
  Layer.scoped(Arena, make(project, test)).pipe(Layer.provide(kernel()), Layer.orDie)
