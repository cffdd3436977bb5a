import { Effect, Exit, FiberSet, type Scope } from "effect"
import { createServer, type Socket } from "node:net"
import type { Decision } from "../domain/Decision.ts"
import { type NetworkHost, show } from "../domain/NetworkHost.ts"
import { dial, type Dialing, publicDialing } from "./proxy/dial.ts"
import { listen, privateDirectory } from "./proxy/directory.ts"
import { type NetworkLimits, networkLimits, type NetworkUsage } from "./proxy/limits.ts"
import { readHead } from "./proxy/readHead.ts"
import { parseRequest, type Refusal } from "./proxy/request.ts"
import { type Traffic, tunnel, type TunnelEnd } from "./proxy/tunnel.ts"
import type { SandboxFailed } from "./SandboxError.ts"

export { type Dialing, publicDialing } from "./proxy/dial.ts"
export { sweepNetworks } from "./proxy/directory.ts"
export { type NetworkLimits, networkLimits, type NetworkUsage } from "./proxy/limits.ts"

/**
 * What became of one connection. `host` is null when none could be read, `asked` is the request as it was written, escaped and capped.
 * `up` are the bytes that left the sandbox, `down` those that came to it. One that is opened is told of twice.
 */
export interface Connection {
  readonly outcome: "opened" | "closed" | "refused"
  readonly host: NetworkHost | null
  readonly asked: string
  readonly address: string | null
  /** Why it is refused, or why it ended. */
  readonly reason: string
  readonly rule: string | null
  readonly up: number
  readonly down: number
  readonly durationMs: number
}

/**
 * Who may connect where. `decide` is asked for each connection, before the name is resolved: anything but allow refuses it. `record`
 * puts it on record; where that fails for one about to open, it is refused. `usage` is shared by the proxies of a session.
 */
export interface ProxyOptions<E> {
  readonly user: { readonly uid: number; readonly gid: number }
  readonly decide: (host: NetworkHost) => Effect.Effect<Decision>
  readonly record: (connection: Connection) => Effect.Effect<void, E>
  readonly usage?: NetworkUsage
  readonly limits?: NetworkLimits
  readonly dialing?: Dialing
}

const lingerMs = 1000

const established = "HTTP/1.1 200 Connection established\r\n\r\n"

const answer = ({ reason, status }: Refusal): string => {
  // Of a refusal no more than ASCII goes into the head, and no line end.
  const phrase = reason.replace(/[^\x20-\x7e]/g, "?").slice(0, 300)
  const body = `Fluffy refuses this connection: ${phrase}\n`
  return [
    `HTTP/1.1 ${status} ${phrase}`,
    "Connection: close",
    "Content-Type: text/plain",
    `Content-Length: ${body.length}`,
    "",
    body
  ].join("\r\n")
}

/** Says no and hangs up, whether the client listens or not. */
const reply = (client: Socket, refusal: Refusal): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    client.end(answer(refusal), () => resume(Effect.void))
    client.once("close", () => resume(Effect.void))
  }).pipe(Effect.timeoutOption(lingerMs), Effect.asVoid)

/**
 * Opens a proxy that lets a sandbox reach what `decide` allows, by CONNECT over TCP and in no other way. Returns the private directory
 * that holds its socket; it, the socket and every tunnel are gone when the scope closes.
 */
export const openProxy = Effect.fn("Sandbox.openProxy")(function*<E>(
  options: ProxyOptions<E>
): Effect.fn.Return<{ readonly directory: string }, SandboxFailed, Scope.Scope> {
  const { decide, dialing = publicDialing, limits = networkLimits, record, user } = options
  const usage = options.usage ?? { connections: 0, bytes: 0 }
  let open = 0

  const spend = (bytes: number): boolean => {
    usage.bytes += bytes
    return usage.bytes <= limits.sessionBytes
  }

  const crowded = (): Refusal | undefined => {
    const refuse = (reason: string): Refusal => ({ status: 503, reason, asked: "" })
    if (usage.connections > limits.connections) return refuse(`the session has made ${limits.connections} connections`)
    if (usage.bytes > limits.sessionBytes) return refuse(`the session has moved ${limits.sessionBytes} bytes`)
    return open > limits.tunnels ? refuse(`${limits.tunnels} connections are open`) : undefined
  }

  const serve = Effect.fnUntraced(function*(client: Socket): Effect.fn.Return<void, never, Scope.Scope> {
    const began = performance.now()
    const traffic: Traffic = { up: 0, down: 0 }
    let opened = false
    let known: Pick<Connection, "host" | "asked" | "address"> = { host: null, asked: "", address: null }
    const tell = (outcome: Connection["outcome"], reason: string, rule: string | null = null) =>
      record({ ...known, ...traffic, outcome, reason, rule, durationMs: performance.now() - began })
    const refuse = (refusal: Refusal) => {
      known = { ...known, asked: known.asked || refusal.asked }
      // On record also where the command ends meanwhile.
      const told = Effect.uninterruptible(Effect.ignore(tell("refused", refusal.reason, refusal.rule)))
      return Effect.zipRight(told, reply(client, refusal))
    }
    const ended = (exit: Exit.Exit<TunnelEnd>) =>
      Effect.ignore(tell("closed", Exit.isSuccess(exit) ? exit.value : "the sandbox ended"))

    yield* Effect.gen(function*() {
      const full = crowded()
      if (full !== undefined) return yield* Effect.fail(full)
      const host = yield* parseRequest(yield* readHead(client, limits))
      known = { ...known, host, asked: show(host) }
      const { effect, reason, rule } = yield* decide(host)
      if (effect !== "allow") return yield* Effect.fail<Refusal>({ status: 403, reason, asked: show(host), rule })
      const { address, socket } = yield* dial(host, dialing)
      known = { ...known, address }
      const open = Effect.mapError(
        tell("opened", ""),
        (): Refusal => ({ status: 500, reason: "the connection cannot be put on record", asked: show(host) })
      )
      return yield* Effect.acquireUseRelease(
        open,
        () => {
          opened = true
          client.write(established)
          return tunnel(client, socket, traffic, { idleMs: limits.idleMs, bytes: limits.tunnelBytes, spend })
        },
        (_, exit) => ended(exit)
      )
    }).pipe(
      Effect.onInterrupt(() => opened ? Effect.void : Effect.ignore(tell("refused", "the sandbox ended"))),
      Effect.catchAll(refuse),
      Effect.catchAllDefect(() => refuse({ status: 500, reason: "the proxy failed", asked: known.asked }))
    )
  })

  const directory = yield* privateDirectory
  const run = yield* FiberSet.makeRuntime<never>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    // Whoever works with the socket learns of an error by its close.
    client.on("error", () => {})
    usage.connections++
    // The first one too many is told of; a flood of them is not worth the log.
    if (usage.connections > limits.connections + 1) return client.destroy()
    open++
    run(
      Effect.scoped(serve(client)).pipe(
        Effect.ensuring(Effect.sync(() => {
          open--
          client.destroy()
        }))
      )
    )
  })
  yield* listen(server, directory, user)
  return { directory }
})
