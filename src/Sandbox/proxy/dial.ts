import { Effect, type Scope } from "effect"
import { lookup } from "node:dns/promises"
import { connect, isIP, type Socket } from "node:net"
import { type NetworkHost, show } from "../../domain/NetworkHost.ts"
import { acquireRelease } from "../../internal/finalizer.ts"
import { addressProblem } from "./addresses.ts"
import type { Refusal } from "./request.ts"

/** How names become connections: `resolve` gives every address of a name, `problem` says why one is refused. */
export interface Dialing {
  readonly resolve: (name: string) => Promise<ReadonlyArray<string>>
  readonly problem: (address: string) => string | undefined
}

/** This machine's resolver, and only the public internet. */
export const publicDialing: Dialing = {
  resolve: async (name) => (await lookup(name, { all: true, order: "verbatim" })).map(({ address }) => address),
  problem: addressProblem
}

const resolveMs = 10_000
const connectMs = 15_000
const maxTried = 4

/** A name server may answer with thousands, and looking at each takes time of the kernel's own. */
const maxAddresses = 64

const refused = (target: NetworkHost, status: Refusal["status"], reason: string): Refusal => ({
  status,
  reason,
  asked: show(target)
})

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? "unknown error"

const connectTo = (address: string, port: number): Effect.Effect<Socket, string, Scope.Scope> =>
  acquireRelease(
    Effect.sync(() => connect({ host: address, port, family: isIP(address), allowHalfOpen: true, noDelay: true })),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(Effect.flatMap((socket) =>
    Effect.async<Socket, string>((resume) => {
      const timer = setTimeout(() => socket.destroy(new Error("it does not answer")), connectMs)
      socket.once("connect", () => {
        clearTimeout(timer)
        socket.pause()
        resume(Effect.succeed(socket))
      })
      // The last listener stays: a socket that breaks later says so by its close.
      socket.on("error", (error) => {
        clearTimeout(timer)
        resume(Effect.fail((error as NodeJS.ErrnoException).code ?? error.message))
      })
      return Effect.sync(() => clearTimeout(timer))
    })
  ))

/**
 * Resolves a name once, looks at every address, and connects to one of those it has looked at: a second answer of the name server is
 * never asked for. One address that may not be is enough to refuse the name.
 */
export const dial = Effect.fnUntraced(function*(
  target: NetworkHost,
  { problem, resolve }: Dialing
): Effect.fn.Return<{ readonly socket: Socket; readonly address: string }, Refusal, Scope.Scope> {
  const addresses = yield* Effect.tryPromise({
    try: () => resolve(target.host),
    catch: (error) => refused(target, 502, `the name cannot be resolved (${codeOf(error)})`)
  }).pipe(
    Effect.timeoutFail({
      duration: resolveMs,
      onTimeout: () => refused(target, 502, "the name cannot be resolved in time")
    })
  )
  if (addresses.length > maxAddresses) {
    return yield* Effect.fail(refused(target, 502, `the name has more than ${maxAddresses} addresses`))
  }
  for (const address of addresses) {
    const why = problem(address)
    if (why !== undefined) {
      return yield* Effect.fail(refused(target, 403, `the name leads to ${address}, which is refused: ${why}`))
    }
  }
  let last = "it has no address"
  for (const address of addresses.slice(0, maxTried)) {
    const socket = yield* Effect.either(connectTo(address, target.port))
    if (socket._tag === "Right") return { socket: socket.right, address }
    last = socket.left
  }
  return yield* Effect.fail(refused(target, 502, `no connection can be made (${last})`))
})
