import { Effect } from "effect"
import type { PolicyRequest } from "../PolicyRule.ts"
import type { RuleLayer } from "../Rule.ts"
import { type Program, type Refusal, retries } from "./Program.ts"
import { failed, type Verdict } from "./Verdict.ts"

/** A rule written as a program, in force or about to be. `ask` never fails: what goes wrong is a verdict. */
export interface Extension {
  readonly name: string
  readonly layer: RuleLayer
  readonly file: string
  readonly ask: (request: PolicyRequest) => Effect.Effect<Verdict>
}

/** One extension is asked at a time, whoever asks. */
const turn = Effect.unsafeMakeSemaphore(1)

/** What takes longer than this, in ms, gives way to timers, signals and sockets before the next one begins. */
const longMs = 5

const giveWay = Effect.async<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/** Makes an extension of a program that runs, and of the way to start it again after it broke. */
export const makeExtension = (
  about: Pick<Extension, "name" | "layer" | "file">,
  first: Program,
  again: () => Promise<Program | Refusal>
): Extension => {
  let program: Program | undefined = first

  const running = Effect.suspend(() =>
    program === undefined
      ? Effect.map(Effect.either(Effect.tryPromise(again)), (started) => {
        if (started._tag === "Right" && "ask" in started.right) program = started.right
        return program
      })
      : Effect.succeed(program)
  )

  const ask = Effect.fnUntraced(function*(request: PolicyRequest) {
    for (let left = retries;; left--) {
      const now = yield* running
      if (now === undefined) return failed("crash", "it could not be started again")
      const from = performance.now()
      const { broken, starved, verdict } = now.ask(JSON.stringify(request))
      if (broken) program = undefined
      if (performance.now() - from > longMs) yield* giveWay
      if (!starved || left === 0) return verdict
    }
  })

  return { ...about, ask: (request) => turn.withPermits(1)(ask(request)) }
}
