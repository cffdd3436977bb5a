import { Effect } from "effect"
import { SandboxUnavailable } from "../SandboxError.ts"
import { addressOf } from "./address.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { connect, type Engine, wordsOf } from "./Engine.ts"
import { type EngineFacts, factsOf } from "./EngineFacts.ts"

/** An engine that answers, and what it says of itself. */
export interface Found {
  readonly engine: Engine
  readonly facts: EngineFacts
}

const answerMs = 5000

const attempt = (place: string, options: ContainerOptions): Effect.Effect<Found, string> =>
  Effect.tryPromise({
    try: async () => {
      const engine = await connect(addressOf(place, options))
      const [info, server] = await Promise.all([engine.info(), engine.server()])
      return { engine, facts: factsOf(info, server) }
    },
    catch: (error) => `${place}: ${wordsOf(error)}`
  }).pipe(
    Effect.timeoutFail({ duration: answerMs, onTimeout: () => `${place}: no answer within ${answerMs} ms` })
  )

/** What would help: to install an engine helps nobody who named another one or may not speak to the one there is. */
const remedyOf = ({ remedy, variable }: Dialect, { socket }: ContainerOptions, reasons: ReadonlyArray<string>) =>
  socket !== undefined
    ? `set ${variable} to the address of an engine that runs, or unset it`
    : reasons.some((reason) => reason.includes("connect EACCES"))
    ? `ask for access to the engine (for Docker: sudo usermod -aG docker "$USER", then log in anew), or use another --sandbox`
    : remedy

/** The first engine that answers on one of the sockets where this kind may be. */
export const find = (dialect: Dialect, options: ContainerOptions): Effect.Effect<Found, SandboxUnavailable> =>
  Effect.gen(function*() {
    const reasons: Array<string> = []
    for (const address of dialect.sockets(options)) {
      const found = yield* Effect.either(attempt(address, options))
      if (found._tag === "Right") return found.right
      reasons.push(found.left)
    }
    const detail = `no engine answers: ${reasons.join("; ") || "there is no place to look for its socket"}`
    return yield* new SandboxUnavailable({
      backend: dialect.backend,
      detail,
      remedy: remedyOf(dialect, options, reasons)
    })
  })
