import { Effect, type Scope } from "effect"
import { connect, createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import type { Decision } from "../../src/domain/Decision.ts"
import { type NetworkHost, show } from "../../src/domain/NetworkHost.ts"
import { type Connection, type NetworkLimits, networkLimits, openProxy, type ProxyOptions } from "../../src/Sandbox.ts"

/** A connection to a proxy's socket. `text` is what came so far; `until` waits for a pattern in it, `closed` for its end. */
export interface Client {
  readonly socket: Socket
  readonly text: () => string
  readonly until: (pattern: RegExp) => Effect.Effect<string>
  readonly closed: Effect.Effect<string>
}

/** Connects and sends; closed with the scope. */
export const client = (directory: string, bytes: string): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const socket = connect({ path: join(directory, "proxy.sock"), allowHalfOpen: true })
      let text = ""
      socket.on("data", (chunk) => text += chunk.toString("latin1"))
      socket.on("error", () => {})
      socket.write(bytes)
      return {
        socket,
        text: () => text,
        until: (pattern: RegExp) =>
          Effect.async<string>((resume) => {
            const look = () => {
              if (!pattern.test(text)) return
              socket.off("data", look)
              resume(Effect.succeed(text))
            }
            socket.on("data", look)
            look()
          }),
        closed: Effect.async<string>((resume) => {
          const done = () => resume(Effect.succeed(text))
          if (socket.closed || socket.readableEnded) done()
          else socket.once("end", done).once("close", done)
        })
      }
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

/** A TCP server of this machine; closed with the scope. */
export const tcpServer = (
  serve: (socket: Socket) => void
): Effect.Effect<{ readonly port: number; readonly server: Server }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ readonly port: number; readonly server: Server; readonly sockets: Set<Socket> }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        serve(socket)
      })
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ port: (server.address() as { readonly port: number }).port, server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) {
          socket.destroy()
        }
        server.close()
      })
  )

export const user = { uid: process.getuid!(), gid: process.getgid!() }

export const allow: Decision = { effect: "allow", rule: "test", layer: "user", reason: "allowed by the test" }
export const deny: Decision = { effect: "deny", rule: "test", layer: "user", reason: "not on the list" }

/** Resolves every name to this machine, and lets that be. */
export const here = { resolve: () => Promise.resolve(["127.0.0.1"]), problem: () => undefined }

/** A proxy that allows some hosts, and what it recorded. */
export const proxyFor = Effect.fnUntraced(function*(
  allowed: ReadonlyArray<string>,
  options: Partial<Omit<ProxyOptions<string>, "limits">> & { readonly limits?: Partial<NetworkLimits> } = {}
) {
  const recorded: Array<Connection> = []
  const asked: Array<NetworkHost> = []
  const { directory } = yield* openProxy({
    user,
    decide: (host) =>
      Effect.sync(() => {
        asked.push(host)
        return allowed.includes(show(host)) ? allow : deny
      }),
    record: (connection) => Effect.sync(() => void recorded.push(connection)),
    dialing: here,
    ...options,
    limits: { ...networkLimits, ...options.limits }
  })
  return { directory, recorded, asked }
})
