import type * as AiError from "@effect/ai/AiError"
import type * as Response from "@effect/ai/Response"
import { Cause, Clock, Duration, Effect, Option, Random, Stream } from "effect"
import { ModelFailed, type ModelFailure } from "./ModelError.ts"
import { fromAiError, fromErrorPart } from "./models/failure.ts"
import { at, number } from "./models/json.ts"

/** How long to wait and how often to ask again. `idle`: between two signs of life; `total`: for one whole answer (30 minutes). */
export interface GateOptions {
  readonly idle: Duration.DurationInput
  readonly retries: number
  readonly total?: Duration.DurationInput
  /** Called before each wait; `delayMs` is how long it is. */
  readonly onRetry?: (failure: ModelFailed, delayMs: number) => Effect.Effect<void>
}

const transient: ReadonlySet<ModelFailure> = new Set([
  "rate-limited",
  "overloaded",
  "transport",
  "truncated",
  "stalled"
])
const backoff = { first: 500, most: 30_000 } as const

/**
 * The boundary every model stream passes, whoever provides the model: failures without secrets, no answer without its finish, no
 * silence without end, and a new attempt only while nothing was shown (metadata does not count).
 */
export const gate = <A extends { readonly type: string }, R>(
  stream: Stream.Stream<A, AiError.AiError, R>,
  options: GateOptions
): Stream.Stream<A, ModelFailed, R> => {
  const attempt = (round: number): Stream.Stream<A, ModelFailed, R> =>
    Stream.suspend(() => {
      const seen = { shown: false }
      return watch(stream, options, seen).pipe(Stream.catchAll((failure) => {
        if (seen.shown || round >= options.retries || !transient.has(failure.kind)) return Stream.fail(failure)
        return Stream.unwrap(Effect.gen(function*() {
          const delayMs = failure.retryAfter ?? (yield* jittered(round))
          if (options.onRetry !== undefined) yield* options.onRetry(failure, delayMs)
          yield* Effect.sleep(Duration.millis(delayMs))
          return attempt(round + 1)
        }))
      }))
    })
  return attempt(0)
}

/** One attempt. */
const watch = <A extends { readonly type: string }, R>(
  stream: Stream.Stream<A, AiError.AiError, R>,
  options: GateOptions,
  seen: { shown: boolean }
): Stream.Stream<A, ModelFailed, R> => {
  const total = Duration.toMillis(options.total ?? "30 minutes")
  let finished = false
  const check = (part: A, deadline: number): Effect.Effect<A, ModelFailed> => {
    if (part.type === "error") return Effect.fail(fromErrorPart(at(part, "error")))
    if (part.type !== "response-metadata") seen.shown = true
    if (part.type === "finish") finished = true
    return Effect.flatMap(Clock.currentTimeMillis, (now) => now <= deadline ? Effect.succeed(part) : stalled(total))
  }
  return Stream.unwrap(Effect.map(Clock.currentTimeMillis, (start) =>
    stream.pipe(
      Stream.catchAllCause((cause) => Stream.failCause(withoutSecrets(cause))),
      Stream.timeoutFailCause(() => Cause.fail(silent(options.idle)), options.idle),
      Stream.mapEffect((part) => check(part, start + total)),
      Stream.takeUntil((part) => part.type === "finish"),
      Stream.concat(Stream.suspend(() => finished ? Stream.empty : Stream.fail(truncated())))
    )))
}

/** A crash of a provider layer may quote what it worked on, so of a defect only the fact is kept. */
const withoutSecrets = (cause: Cause.Cause<AiError.AiError>): Cause.Cause<ModelFailed> => {
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  if (failure !== undefined) return Cause.fail(fromAiError(failure))
  if (Cause.isInterruptedOnly(cause)) return cause as Cause.Cause<never>
  return Cause.fail(new ModelFailed({ kind: "malformed", detail: "the model layer crashed on the answer" }))
}

const jittered = (round: number): Effect.Effect<number> =>
  Effect.map(
    Random.next,
    (random) => Math.round(Math.min(backoff.first * 2 ** round, backoff.most) * (0.5 + random / 2))
  )

const silent = (idle: Duration.DurationInput) =>
  new ModelFailed({
    kind: "stalled",
    detail: `the provider sent nothing for ${Duration.format(Duration.decode(idle))}`
  })

const stalled = (total: number) =>
  Effect.fail(
    new ModelFailed({
      kind: "stalled",
      detail: `the answer took longer than ${Duration.format(Duration.millis(total))}`
    })
  )

const truncated = () =>
  new ModelFailed({ kind: "truncated", detail: "the provider ended its answer before it was finished" })

/** Tokens of one answer, the same for all dialects: `cached` is the part of `input` that was read from a cache. */
export const usageOf = (
  finish: Response.FinishPart
): { readonly input: number; readonly output: number; readonly cached: number } => {
  const { cachedInputTokens: cached = 0, inputTokens: input = 0, outputTokens: output = 0 } = finish.usage
  // Anthropic counts cache reads and writes beside its input tokens, OpenAI within.
  const anthropic = at(finish.metadata, "anthropic", "usage")
  const written = number(at(anthropic, "cache_creation_input_tokens")) ?? 0
  return { input: anthropic === undefined ? input : input + cached + written, output, cached }
}
