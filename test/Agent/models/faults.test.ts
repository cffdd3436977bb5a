import { LanguageModel as LanguageModelTag } from "@effect/ai/LanguageModel"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Option, Stream, TestClock } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import type { ModelPart } from "../../../src/Agent/models/tools.ts"
import {
  call,
  type Dialect,
  fails,
  type Fault,
  makeModelServer,
  type ModelServer,
  says,
  text
} from "../../support/ModelServer.ts"
import { ask, callsOf, finishOf, modelOf, stream, textOf, watch } from "./harness.ts"

const dialects: ReadonlyArray<Dialect> = ["openai", "anthropic", "compat"]
const half = [text("Half of it. "), call("fs.write", { path: "a.js", content: "x" })]

describe.concurrent.each(dialects)("%s", (dialect) => {
  it.scopedLive("asks again after the time a 429 names", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [fails({ status: 429, retryAfter: "0.15" }), says(text("hello"))])
      const waits: Array<unknown> = []
      const started = performance.now()
      const parts = yield* ask(server, undefined, {
        retries: 3,
        onRetry: (failure, delayMs) => Effect.sync(() => waits.push([failure.kind, failure.status, delayMs]))
      })
      assert.isAtLeast(performance.now() - started, 150)
      assert.strictEqual(textOf(parts), "hello")
      assert.deepStrictEqual(waits, [["rate-limited", 429, 150]])
    }))

  it.scopedLive("gives up when the retries are used up", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(
        dialect,
        () => fails({ status: 529, retryAfter: "0", message: "Overloaded" })
      )
      const { error, parts } = yield* watch(server, undefined, { retries: 2 })
      assert.strictEqual(server.requests.length, 3)
      assert.deepStrictEqual([error.kind, error.status, error.retryAfter, parts.length], ["overloaded", 529, 0, 0])
      assert.strictEqual(error.message, "The model request failed (overloaded, HTTP 529): Overloaded")
    }))

  it.scopedLive.each([
    { status: 400, message: "temperature is out of range", say: "refuses the request" },
    { status: 401, message: "no such key", say: "API_KEY to a valid key" },
    { status: 403, message: "not allowed", say: "has no right to this model" },
    { status: 404, message: "no such model", say: "model not found" },
    { status: 429, message: "You exceeded your current quota", code: "insufficient_quota", say: "no quota left" }
  ])(
    "never asks again after $status ($message), and says what to do",
    ({ code, message, say, status }) =>
      Effect.gen(function*() {
        const server = yield* makeModelServer(dialect, () => fails({ status, message, ...(code ? { code } : {}) }))
        const { error } = yield* watch(server, undefined, { retries: 3 })
        assert.strictEqual(server.requests.length, 1)
        assert.strictEqual(error.kind, "rejected")
        assert.include(error.message, message)
        assert.include(error.message, say)
      })
  )

  it.scopedLive.each([
    { status: 400, code: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" },
    { status: 400, code: "context_length_exceeded", message: "This model's maximum context length is 128000 tokens" },
    { status: 400, code: "context_length_exceeded", message: `too much ${"x".repeat(2_000)}` },
    { status: 413, code: "request_too_large", message: "Request exceeds the maximum size" }
  ])("says context-too-long for $code", (fault) =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, () => fails(fault))
      assert.strictEqual((yield* watch(server, undefined, { retries: 3 })).error.kind, "context-too-long")
      assert.strictEqual(server.requests.length, 1)
    }))

  it.scopedLive("fails at once when the connection is cut after something was shown, without a call and without a retry", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [fails({ cut: "unfinished" }, ...half), says(text("again"))])
      const { error, parts } = yield* watch(server, undefined, { retries: 3, idle: "30 seconds" })
      assert.strictEqual(error.kind, "transport")
      assert.strictEqual(textOf(parts), "Half of it. ")
      assert.deepStrictEqual(callsOf(parts), [])
      assert.strictEqual(server.requests.length, 1)
    }))

  it.scopedLive("asks again when the connection is cut before anything was shown", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [fails({ cut: "start" }), fails({ cut: 40 }), says(text("again"))])
      assert.strictEqual(textOf(yield* ask(server, undefined, { retries: 3 })), "again")
      assert.strictEqual(server.requests.length, 3)
    }))

  it.scopedLive.each([{ endEarly: "unfinished" as const, shown: true }, { endEarly: 90, shown: false }])(
    "calls an answer that ends cleanly before its finish truncated ($endEarly)",
    ({ endEarly, shown }) =>
      Effect.gen(function*() {
        const server = yield* makeModelServer(dialect, [fails({ endEarly }, ...half)])
        const { error, parts } = yield* watch(server)
        assert.strictEqual(error.kind, "truncated")
        assert.strictEqual(textOf(parts) !== "", shown)
        assert.deepStrictEqual(callsOf(parts), [])
        assert.isUndefined(finishOf(parts))
      })
  )

  it.scoped("calls a silent server stalled, closes the connection and asks again while nothing was shown", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [
        fails({ stall: "start" }),
        fails({ stall: "unfinished" }, ...half)
      ])
      const shown = yield* Deferred.make<void>()
      const retrying = yield* Deferred.make<string>()
      const gated = stream(server, undefined, {
        idle: "1 minute",
        retries: 3,
        onRetry: (failure) => Deferred.succeed(retrying, failure.kind)
      })
      const parts: Array<ModelPart> = []
      const fiber = yield* Effect.fork(Effect.flip(Stream.runForEach(gated, (part) => {
        parts.push(part)
        return textOf(parts) === "Half of it. " ? Deferred.succeed(shown, undefined) : Effect.void
      })))
      yield* server.arrived(1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Deferred.await(retrying), "stalled")
      yield* server.closed[0]!
      yield* TestClock.adjust("1 second")
      yield* Deferred.await(shown)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).kind, "stalled")
      assert.deepStrictEqual(callsOf(parts), [])
      yield* Effect.all(server.closed)
      assert.strictEqual(server.requests.length, 2)
    }))

  it.scopedLive("fails on an error told in the stream, asking again only while nothing was shown", () =>
    Effect.gen(function*() {
      const errorEvent = { code: "overloaded_error", message: "Overloaded" }
      const server = yield* makeModelServer(dialect, [
        fails({ errorEvent, at: "start" }),
        fails({ errorEvent }, ...half),
        says(text("never asked for"))
      ])
      const { error, parts } = yield* watch(server, undefined, { retries: 3 })
      assert.strictEqual(error.kind, "overloaded")
      assert.include(error.detail, "overloaded_error: Overloaded")
      assert.deepStrictEqual(callsOf(parts), [])
      assert.strictEqual(server.requests.length, 2)
    }))

  it.scopedLive("takes a failed response for a failure, not for success", () =>
    Effect.gen(function*() {
      const failed = { code: "server_error", message: "The model crashed" }
      const server = yield* makeModelServer(dialect, [fails({ failed }, ...half)])
      const { error, parts } = yield* watch(server)
      assert.strictEqual(error.kind, "overloaded")
      assert.include(error.detail, "server_error: The model crashed")
      assert.isUndefined(finishOf(parts))
      assert.deepStrictEqual(callsOf(parts), [])
    }))

  it.scopedLive("fails on an event of 10 MB instead of crashing", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, () => fails({ hugeEvent: 10_000_000 }))
      const { error } = yield* watch(server, undefined, { retries: 2 })
      assert.strictEqual(error.kind, "malformed")
      assert.strictEqual(server.requests.length, 1)
    }))

  it.scopedLive("follows no redirect, so that the key goes nowhere else", () =>
    Effect.gen(function*() {
      const elsewhere = yield* witness
      const server = yield* makeModelServer(dialect, () => fails({ redirect: `${elsewhere.url}/v1/responses` }))
      const { error } = yield* watch(server, undefined, { retries: 2 })
      assert.strictEqual(error.kind, "rejected")
      assert.include(error.message, "redirects elsewhere")
      assert.strictEqual(elsewhere.hits.length, 0)
    }))

  it.scopedLive.each([
    { body: "<html>login</html>", contentType: "text/html", kind: "rejected" },
    { body: "data: {oops\n\n", contentType: "text/event-stream", kind: "malformed" },
    { body: "", contentType: "text/event-stream", kind: "truncated" },
    { body: "{\"hello\": 1}", contentType: "application/json", kind: "truncated" },
    { body: "data: 7\n\ndata: null\n\ndata: []\n\n", contentType: "text/event-stream", kind: "truncated" }
  ])("says $kind of $contentType $body", ({ body, contentType, kind }) =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [fails({ body, contentType })])
      assert.strictEqual((yield* watch(server)).error.kind, kind)
    }))

  it.scopedLive("never shows the key or the prompt in an error, its cause, or anything made of it", () =>
    Effect.gen(function*() {
      const echo = (server: ModelServer) => `bad key ${server.key}, also Bearer ${server.key}`
      const faults = (server: ModelServer): ReadonlyArray<Fault> => [
        { status: 401, message: echo(server) },
        { status: 429, message: echo(server), retryAfter: "0" },
        { status: 500, message: echo(server), code: server.key },
        { cut: "start" },
        { cut: "unfinished" },
        { endEarly: "start" },
        { hugeEvent: 5_000_000 },
        { errorEvent: { code: server.key, message: echo(server) } },
        { failed: { code: "server_error", message: echo(server) } },
        { body: `<p>${server.key}</p>`, contentType: `text/html; k=${server.key}` },
        { body: `data: {${server.key}\n\n`, contentType: "text/event-stream" }
      ]
      const server: ModelServer = yield* makeModelServer(dialect, ({ index }) => fails(faults(server)[index]!, ...half))
      const model = yield* modelService(server)
      for (const [index, fault] of faults(server).entries()) {
        const gated = yield* Effect.exit(Stream.runDrain(stream(server, undefined, { idle: "30 seconds" })))
        assert.isTrue(Exit.isFailure(gated), inspect(fault))
        assert.strictEqual(server.requests.length, index + 1)
        const shown = everyForm(gated)
        assert.notInclude(shown, "SECRET", inspect(fault))
        assert.notInclude(shown, "Add two numbers", inspect(fault))
      }
      // The error of the layer itself, for an app that uses it without the gate.
      const bare = makeModelServer(dialect, () => fails({ status: 500, message: echo(server) }))
      const raw = yield* Effect.exit(Stream.runDrain(
        (yield* modelService(yield* bare)).streamText({ prompt: "Add two numbers" })
      ))
      assert.isTrue(Exit.isFailure(raw))
      assert.notInclude(everyForm(raw), "SECRET")
      assert.notInclude(everyForm(raw), "Add two numbers")
      assert.notInclude(inspect(model, { depth: 9, showHidden: true }), "SECRET")
    }))
})

it.scopedLive("says which host cannot be reached", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("openai", [])
    const { error } = yield* watch({ ...server, url: "http://127.0.0.1:9" })
    assert.strictEqual(error.kind, "transport")
    assert.include(error.message, "127.0.0.1:9")
    assert.include(error.message, "check the network and the base URL")
  }))

const modelService = (server: ModelServer) =>
  Effect.provide(Effect.orDie(LanguageModelTag), modelOf(server)).pipe(Effect.orDie)

const everyForm = (exit: Exit.Exit<unknown, unknown>): string => {
  const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
  const error = Cause.squash(cause) as Error
  return [
    inspect(exit, { depth: 12, showHidden: true }),
    JSON.stringify(exit),
    JSON.stringify(error),
    String(error),
    error.message,
    error.stack,
    Cause.pretty(cause),
    ...Cause.prettyErrors(cause).map((pretty) => inspect(pretty, { depth: 12, showHidden: true }))
  ].join("\n")
}

/** A server that only counts who comes. */
const witness = Effect.acquireRelease(
  Effect.async<{ readonly url: string; readonly hits: Array<string>; readonly close: () => void }>((resume) => {
    const hits: Array<string> = []
    const server = createServer((request, response) => {
      hits.push(request.url ?? "")
      response.end()
    })
    server.listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      resume(Effect.succeed({ url, hits, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
