import { Deferred, Effect, FiberId, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type IncomingMessage, request } from "node:http"
import type { Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Duplex } from "node:stream"

/** What becomes of a request: answered by the engine; refused; never sent on; sent on, and the answer kept back. */
export type Fate = "pass" | "fail" | "hold" | "lose"

/** A door before an engine. Calls are named like `POST containers/create` and `DELETE containers/ID`. */
export interface EngineProxy {
  readonly socket: string
  /** Decides about each call, also later; all pass until it is set. */
  fate: (call: string) => Fate | Promise<Fate>
  /** How often the engine has answered such a call. */
  readonly answers: (call: string) => number
  /** Waits until the engine has answered such a call more than so often. */
  readonly answersMore: (call: string, than: number) => Effect.Effect<void>
  /** Breaks the connections of the calls that are held. */
  readonly letGo: () => void
  /** Done when a call is held, or its answer is kept back. */
  readonly reached: Deferred.Deferred<void>
}

const callOf = ({ method, url = "" }: IncomingMessage): string => {
  const path = url.replace(/\?.*/, "").replace(/^\/(v\d[\d.]*\/)?(libpod\/)?/, "")
  return `${method} ${path.replace(/^(containers|exec|volumes)\/(?!create$|json$|prune$)[^/]+/, "$1/ID")}`
}

/** A proxy of its own before the engine on this socket, for a kernel that an engine is to fail. Gone with the scope. */
export const makeEngineProxy = (engine: string): Effect.Effect<EngineProxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const directory = mkdtempSync(join(tmpdir(), "fluffy-proxy-"))
      const answered: Array<string> = []
      const answers = (call: string) => answered.filter((one) => one === call).length
      const waiting = new Set<() => void>()
      const sawAnswer = (call: string) => {
        answered.push(call)
        for (const look of waiting) look()
      }
      const held = new Set<Duplex>()
      const hold = (socket: Duplex) => {
        held.add(socket)
        return reached()
      }
      const proxy: EngineProxy = {
        socket: join(directory, "engine.sock"),
        fate: () => "pass",
        answers,
        answersMore: (call, than) =>
          Effect.async((resume) => {
            const look = () => {
              if (answers(call) <= than) return
              waiting.delete(look)
              resume(Effect.void)
            }
            waiting.add(look)
            look()
            return Effect.sync(() => waiting.delete(look))
          }),
        letGo: () => held.forEach((socket) => socket.destroy()),
        reached: Deferred.unsafeMake<void>(FiberId.none)
      }
      const reached = () => Deferred.unsafeDone(proxy.reached, Effect.void)
      const open = new Set<Duplex>()
      const onward = (asked: IncomingMessage) => {
        const { headers, method, url: path } = asked
        const sent = request({ socketPath: engine, ...method && { method }, ...path && { path }, headers })
        sent.on("error", () => asked.socket.destroy())
        asked.socket.setMaxListeners(0).once("close", () => sent.destroy())
        return sent
      }
      const server = createServer({ maxHeaderSize: 1 << 20 }, async (asked, answer) => {
        const call = callOf(asked)
        const fate = await proxy.fate(call)
        if (fate === "hold") return hold(asked.socket)
        if (fate === "fail") {
          asked.resume()
          return void answer.writeHead(500, { "content-type": "application/json" }).end(`{"message":"no ${call}"}`)
        }
        const sent = onward(asked)
        sent.on("response", (response) => {
          if (fate === "lose") return response.resume().on("end", reached)
          sawAnswer(call)
          answer.writeHead(response.statusCode!, response.headers)
          answer.flushHeaders()
          return response.pipe(answer)
        })
        asked.pipe(sent)
      })
      server.on("upgrade", async (asked, socket: Duplex, head: Buffer) => {
        const call = callOf(asked)
        socket.on("error", () => {})
        const fate = await proxy.fate(call)
        if (fate === "hold") return hold(socket)
        if (fate === "fail") return socket.end("HTTP/1.1 500 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        const sent = onward(asked)
        sent.on("upgrade", (response, engineSide: Socket, first: Buffer) => {
          engineSide.on("error", () => socket.destroy())
          if (fate === "lose") return reached()
          sawAnswer(call)
          const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
          socket.write(`HTTP/1.1 101 Upgraded\r\n${lines.join("")}\r\n`)
          if (first.length > 0) socket.write(first)
          if (head.length > 0) engineSide.write(head)
          engineSide.pipe(socket)
          socket.pipe(engineSide)
          socket.on("close", () => engineSide.destroy())
          engineSide.on("close", () => socket.destroy())
          return undefined
        })
        sent.on("response", (response) => {
          sawAnswer(call)
          socket.write(`HTTP/1.1 ${response.statusCode} No\r\nConnection: close\r\n\r\n`)
          response.pipe(socket)
        })
        sent.end()
        return undefined
      })
      server.on("connection", (socket) => {
        open.add(socket)
        socket.once("close", () => open.delete(socket))
      })
      await new Promise<void>((resolve) => server.listen(proxy.socket, resolve))
      const close = () => {
        for (const socket of open) socket.destroy()
        server.close()
        rmSync(directory, { recursive: true, force: true })
      }
      return { proxy, close }
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ proxy }) => proxy))
