/**
 * A model provider on 127.0.0.1 that plays a script: real HTTP, real server-sent events, cut into chunks of odd sizes that
 * split events and UTF-8 characters. The script is the same for every dialect:
 *
 * ```ts
 * const server = yield* makeModelServer("anthropic", [
 *   says(text("I write the test first."), call("fs.write", { path: "test/a.test.js", content: "…" })),
 *   fails({ status: 429, retryAfter: "0.05" }),              // each request takes one item, faulty ones too
 *   fails({ cut: "unfinished" }, text("half of it")),          // the socket dies when all but "finished" was sent
 *   says(raw("fs.write", "{\"path\": ")),                     // malformed arguments
 *   says(call("task.complete", { summary: "done" }))
 * ])
 * Model.layer({ model: server.model, baseUrl: server.url, apiKey: Redacted.make(server.key), cwd })
 * // or a process: spawn("fluffy", [...server.args, task], { env: { ...env, ...server.env } })
 * server.requests[1].results // what the model was told, the same form for every dialect
 * ```
 *
 * Instead of a list a function of the request answers: `(request) => request.results.some((r) => r.text.includes("red")) ? … : …`.
 * Needs a `Scope` (`it.scoped`, `it.scopedLive`); closing it ends the server and every connection.
 */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { At, Dialect, Script, Seen, Turn } from "./ModelServerScript.ts"
import { factsOf } from "./ModelServerSeen.ts"
import { encode, errorBody, errorEvent } from "./ModelServerWire.ts"

export * from "./ModelServerScript.ts"

/** The server as a test sees it. `url` is the dialect's base URL, `requests` grows as they come. */
export interface ModelServer {
  readonly dialect: Dialect
  readonly url: string
  readonly key: string
  /** `provider/model`, as `--model` takes it. */
  readonly model: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly requests: ReadonlyArray<Seen>
  /** The keys of requests that were refused for them. */
  readonly unauthorized: ReadonlyArray<string | undefined>
  /** Done when the n-th request has come, from 1. */
  readonly arrived: (n: number) => Effect.Effect<void>
  /** One effect per connection so far, done when the client has closed it. */
  readonly closed: ReadonlyArray<Effect.Effect<void>>
}

/** `lean`: compat as the smallest local servers speak it. `chunk`: bytes per write, else 1, 2, 3, 5, 8, 13, ... in turn. */
export interface ModelServerOptions {
  readonly lean?: boolean
  readonly chunk?: number
}

// Unlike any real key, so that only who knows it can keep it out of an error.
const key = "fluffy.test+0123456789/SECRET"
const odd = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
const paths = { openai: "/v1/responses", anthropic: "/v1/messages", compat: "/v1/chat/completions" }

export const makeModelServer = (
  dialect: Dialect,
  script: Script,
  options: ModelServerOptions = {}
): Effect.Effect<ModelServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const requests: Array<Seen> = []
    const server = createServer((request, response) => {
      response.on("error", () => {})
      void answer(request, response)
    })
    const unauthorized: Array<string | undefined> = []
    const waiting: Array<{ readonly n: number; readonly resume: () => void }> = []
    const closed: Array<Effect.Effect<void>> = []
    server.on("connection", (socket) => {
      const gone = new Promise<void>((resolve) => {
        socket.once("close", () => resolve())
      })
      closed.push(Effect.promise(() => gone))
    })
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      const raw = await bodyOf(request)
      const index = requests.length
      const refuse = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
        response.writeHead(status, { "content-type": "application/json", ...headers })
          .end(errorBody(dialect, code, message))
      if (request.url !== paths[dialect]) return refuse(404, "not_found", `no such path: ${request.url}`)
      const given = request.headers["x-api-key"] ?? request.headers.authorization?.replace("Bearer ", "")
      if (given !== key) {
        unauthorized.push(given?.toString())
        return refuse(401, "authentication_error", `Incorrect API key provided: ${given}`)
      }
      const body = JSON.parse(raw)
      const seen: Seen = { index, path: request.url, headers: request.headers, raw, body, ...factsOf(dialect, body) }
      requests.push(seen)
      for (const { n, resume } of waiting) if (n === requests.length) resume()
      const turn = typeof script === "function" ? script(seen) : script[index]
      if (turn === undefined) return refuse(400, "invalid_request_error", `the script has no turn ${index + 1}`)
      const fault = turn.fault
      if (fault !== undefined && "status" in fault) {
        const headers = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter }
        return refuse(fault.status, fault.code ?? "error", fault.message ?? `status ${fault.status}`, headers)
      }
      if (fault !== undefined && "redirect" in fault) {
        return response.writeHead(307, { location: fault.redirect }).end()
      }
      if (fault !== undefined && "body" in fault) {
        return response.writeHead(200, { "content-type": fault.contentType }).end(fault.body)
      }
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" })
      response.flushHeaders()
      await play(response, turn, index)
    }
    const play = async (response: ServerResponse, turn: Turn, index: number) => {
      const { head, tail } = encode(dialect, turn, index, options.lean ?? false)
      const whole = Buffer.from(head + tail)
      const upTo = (at: At) =>
        whole.subarray(0, at === "start" ? 0 : at === "unfinished" ? Buffer.byteLength(head) : at)
      const send = (bytes: Uint8Array) => sendInPieces(response, bytes, options.chunk)
      const fault = turn.fault
      if (fault === undefined || "failed" in fault) {
        await send(whole)
        response.end()
      } else if ("cut" in fault) {
        await send(upTo(fault.cut))
        response.socket?.destroy()
      } else if ("endEarly" in fault) {
        await send(upTo(fault.endEarly))
        response.end()
      } else if ("stall" in fault) {
        await send(upTo(fault.stall))
      } else if ("errorEvent" in fault) {
        await send(upTo(fault.at ?? "unfinished"))
        await send(Buffer.from(errorEvent(dialect, fault.errorEvent)))
        response.end()
      } else if ("hugeEvent" in fault) {
        response.write("data: {\"type\":\"")
        for (let sent = 0; sent < fault.hugeEvent && !response.destroyed; sent += 65_536) {
          await write(response, Buffer.alloc(65_536, "x"))
        }
        response.end("\"}\n\n")
      }
    }
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const url = dialect === "anthropic" ? origin : `${origin}/v1`
    const model = `${dialect}/test-model`
    return {
      dialect,
      url,
      key,
      model,
      requests,
      unauthorized,
      closed,
      arrived: (n) =>
        Effect.async((resume) => {
          if (requests.length >= n) resume(Effect.void)
          else waiting.push({ n, resume: () => resume(Effect.void) })
        }),
      args: dialect === "compat" ? ["--model", model, "--base-url", url] : ["--model", model],
      env: {
        openai: { OPENAI_API_KEY: key, OPENAI_BASE_URL: url },
        anthropic: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url },
        compat: { FLUFFY_API_KEY: key }
      }[dialect]
    }
  })

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}

const write = (response: ServerResponse, bytes: Uint8Array) =>
  new Promise<void>((resolve) => {
    const done = () => resolve()
    response.once("close", done)
    response.write(bytes, () => {
      response.off("close", done)
      resolve()
    })
  })

const sendInPieces = async (response: ServerResponse, bytes: Uint8Array, chunk: number | undefined) => {
  let step = 0
  for (let at = 0; at < bytes.length && !response.destroyed;) {
    const size = chunk ?? odd[step++ % odd.length]!
    await write(response, bytes.subarray(at, at + size))
    at += size
  }
}
