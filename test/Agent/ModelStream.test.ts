import * as AiError from "@effect/ai/AiError"
import * as Response from "@effect/ai/Response"
import { assert, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Option, Ref, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { gate, usageOf } from "../../src/Agent/ModelStream.ts"

interface Part {
  readonly type: string
  readonly error?: unknown
}
const metadata: Part = { type: "response-metadata" }
const shown: Part = { type: "text-delta" }
const finish: Part = { type: "finish" }

const key = "sk-foreign-SECRET-key"

/** What a foreign provider layer makes of a status: with the request's headers, key and all. */
const statusError = (status: number, headers: Record<string, string> = {}, body = "{}") =>
  new AiError.HttpResponseError({
    module: "OpenAiClient",
    method: "createResponseStream",
    reason: "StatusCode",
    request: {
      method: "POST",
      url: "https://api.openai.com/v1/responses",
      urlParams: [],
      hash: Option.none(),
      headers: { authorization: `Bearer ${key}`, "x-other-token": "plainSECRETvalue" }
    },
    response: { status, headers },
    body
  })

/** Plays one stream per attempt and counts them. */
const attempts = (...streams: ReadonlyArray<Stream.Stream<Part, AiError.AiError>>) =>
  Effect.map(Ref.make(0), (count) => ({
    count,
    stream: Stream.unwrap(Effect.map(Ref.getAndUpdate(count, (n) => n + 1), (n) => streams[n] ?? Stream.never))
  }))

it.effect("waits longer with each attempt, with jitter, and reports each wait", () =>
  Effect.gen(function*() {
    const fail = Stream.fail(statusError(503))
    const { count, stream } = yield* attempts(fail, fail, fail, Stream.make(shown, finish))
    const waits: Array<number> = []
    const onRetry = (_: unknown, ms: number) => Effect.sync(() => waits.push(ms))
    const fiber = yield* Effect.fork(Stream.runCollect(gate(stream, { idle: "1 minute", retries: 5, onRetry })))
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual((yield* Fiber.join(fiber)).length, 2)
    assert.strictEqual(yield* Ref.get(count), 4)
    for (const [round, ms] of waits.entries()) {
      assert.isAtLeast(ms, 250 * 2 ** round)
      assert.isAtMost(ms, 500 * 2 ** round)
    }
  }))

it.effect.each([
  { headers: { "retry-after": "7" }, ms: 7_000 },
  { headers: { "retry-after": "7", "retry-after-ms": "250" }, ms: 250 },
  { headers: { "retry-after": "86400" }, ms: 120_000 },
  { headers: { "retry-after": "-3" }, ms: 0 },
  { headers: { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }, ms: 0 }
])("honours $headers, at most two minutes", ({ headers, ms }) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Stream.runDrain(gate(Stream.fail(statusError(429, headers)), {
      idle: "1 minute",
      retries: 0
    })))
    assert.strictEqual(error.retryAfter, ms)
  }))

it.effect("asks again after metadata only, for ever no longer than its retries", () =>
  Effect.gen(function*() {
    const fail = Stream.concat(Stream.make(metadata, metadata), Stream.fail(statusError(503, { "retry-after": "0" })))
    const { count, stream } = yield* attempts(fail, fail, fail, fail, fail, fail)
    const fiber = yield* Effect.fork(Effect.flip(Stream.runDrain(gate(stream, { idle: "1 minute", retries: 3 }))))
    yield* TestClock.adjust("1 second")
    assert.strictEqual((yield* Fiber.join(fiber)).kind, "overloaded")
    assert.strictEqual(yield* Ref.get(count), 4)
  }))

it.effect("ends when the provider is silent, and when signs of life never end", () =>
  Effect.gen(function*() {
    const silent = yield* Effect.fork(
      Effect.flip(
        Stream.runDrain(gate(Stream.concat(Stream.make(shown), Stream.never), { idle: "30 seconds", retries: 3 }))
      )
    )
    const alive = Stream.tap(Stream.repeatValue(metadata), () => Effect.sleep("10 seconds"))
    const endless = yield* Effect.fork(
      Effect.flip(Stream.runDrain(gate(alive, { idle: "30 seconds", retries: 0, total: "5 minutes" })))
    )
    yield* TestClock.adjust("29 seconds")
    assert.isTrue(Option.isNone(yield* Fiber.poll(silent)))
    yield* TestClock.adjust("1 second")
    assert.strictEqual(
      (yield* Fiber.join(silent)).message,
      "The model request failed (stalled): the provider sent nothing for 30s"
    )
    yield* TestClock.adjust("5 minutes")
    assert.strictEqual((yield* Fiber.join(endless)).kind, "stalled")
  }))

it.effect("stops at the finish and asks for nothing more", () =>
  Effect.gen(function*() {
    const stream = Stream.concat(Stream.make(shown, finish), Stream.die("nothing may be pulled after the finish"))
    const parts = yield* Stream.runCollect(gate(stream, { idle: Duration.infinity, retries: 0 }))
    assert.strictEqual(parts.length, 2)
  }))

it.effect("lets interruption through as interruption", () =>
  Effect.gen(function*() {
    const { count, stream } = yield* attempts(Stream.never)
    const fiber = yield* Effect.fork(Stream.runDrain(gate(stream, { idle: "1 minute", retries: 3 })))
    yield* Effect.yieldNow()
    const exit = yield* Fiber.interrupt(fiber)
    assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
    assert.isAtMost(yield* Ref.get(count), 1)
  }))

const foreign: ReadonlyArray<readonly [string, Stream.Stream<Part, AiError.AiError>, string]> = [
  ["a status", Stream.fail(statusError(401, {}, `{"error":{"message":"bad ${key} plainSECRETvalue"}}`)), "rejected"],
  [
    "a cut stream",
    Stream.fail(
      new AiError.HttpResponseError({ ...statusError(200), reason: "Decode", body: `Bearer ${key} and the prompt` })
    ),
    "transport"
  ],
  [
    "an error part",
    Stream.make({ type: "error", error: { type: "error", error: { type: "overloaded_error", message: `x ${key}` } } }),
    "overloaded"
  ],
  [
    "malformed output",
    Stream.fail(new AiError.MalformedOutput({ module: "a", method: "b", cause: new Error(key) })),
    "malformed"
  ],
  [
    "an unknown error",
    Stream.fail(new AiError.UnknownError({ module: "a", method: "b", cause: { key } })),
    "malformed"
  ],
  ["a defect", Stream.die(new Error(`Authorization: Bearer ${key}`)), "malformed"]
]

it.effect.each(foreign)("keeps the key of a foreign layer out of %s", ([, stream, kind]) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Stream.runDrain(gate(stream, { idle: "1 minute", retries: 0 })))
    assert.isTrue(Exit.isFailure(exit))
    if (Exit.isSuccess(exit)) return
    const failure = Option.getOrThrow(Cause.failureOption(exit.cause))
    assert.strictEqual(failure.kind, kind)
    const all = inspect(exit, { depth: 12, showHidden: true }) + Cause.pretty(exit.cause) + JSON.stringify(exit)
    assert.notInclude(all, "SECRET")
    assert.notInclude(all, "the prompt")
  }))

it("brings usage of foreign layers to one form", () => {
  const part = (metadata: Response.ProviderMetadata) =>
    Response.makePart("finish", {
      reason: "stop",
      usage: new Response.Usage({ inputTokens: 10, outputTokens: 5, totalTokens: 15, cachedInputTokens: 4 }),
      metadata
    })
  assert.deepStrictEqual(usageOf(part({})), { input: 10, output: 5, cached: 4 })
  assert.deepStrictEqual(usageOf(part({ anthropic: { usage: { cache_creation_input_tokens: 3 } } })), {
    input: 17,
    output: 5,
    cached: 4
  })
})
