import * as AiError from "@effect/ai/AiError"
import * as LanguageModel from "@effect/ai/LanguageModel"
import { Effect, Layer, Redacted, type Scope, Stream } from "effect"
import { collect } from "./collect.ts"
import type { Dialect, Endpoint } from "./Dialect.ts"
import { callIds } from "./history.ts"
import { type Part, PartWriter } from "./parts.ts"
import { post } from "./post.ts"
import { readEvents, readStream, readText } from "./read.ts"
import { makeWireErrors } from "./wireErrors.ts"

/** Most bytes read of the body of an HTTP error, and the longest wait for it. */
const errorBody = { bytes: 16_384, wait: "5 seconds" } as const

/** Most characters of an answer that is one JSON document instead of a stream. */
const documentSize = 16 * 1024 * 1024

/** A `LanguageModel` that speaks a dialect over Node's own HTTP: no tracing headers, no redirect followed, no key in an error. */
export const layer = (dialect: Dialect, endpoint: Endpoint): Layer.Layer<LanguageModel.LanguageModel> => {
  const streamText = (options: LanguageModel.ProviderOptions) => Stream.unwrapScoped(answer(dialect, endpoint, options))
  return Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      streamText,
      generateText: (options) =>
        options.responseFormat.type === "json"
          ? new AiError.MalformedInput({
            module: dialect.module,
            method: "generateObject",
            description: "this model layer gives text and tool calls, no structured objects"
          })
          : Effect.flatMap(Stream.runCollect(streamText(options)), collect(dialect.module))
    })
  )
}

const answer = Effect.fnUntraced(
  function*(
    dialect: Dialect,
    endpoint: Endpoint,
    options: LanguageModel.ProviderOptions
  ): Effect.fn.Return<Stream.Stream<Part, AiError.AiError>, AiError.AiError, Scope.Scope> {
    const errors = makeWireErrors(dialect.module, endpoint)
    const key = endpoint.apiKey === undefined ? "" : Redacted.value(endpoint.apiKey)
    const headers = {
      "content-type": "application/json",
      accept: "text/event-stream",
      "accept-encoding": "identity",
      "user-agent": "fluffy",
      ...(key === "" ? {} : dialect.headers(key))
    }
    const body = yield* Effect.try({ try: () => JSON.stringify(dialect.body(options)), catch: errors.transport })
    const response = yield* post(endpoint.url, headers, body, errors.transport)
    const { statusCode: status = 0 } = response
    if (status < 200 || status > 299) {
      const text = yield* Effect.promise(() => readText(response, errorBody.bytes)).pipe(
        Effect.timeoutTo({ duration: errorBody.wait, onSuccess: (text) => text, onTimeout: () => "" })
      )
      return yield* errors.status(response, text)
    }
    const type = response.headers["content-type"] ?? ""
    if (status === 204 || /\bhtml\b/.test(type)) return yield* errors.notAnApi(type)
    const writer = new PartWriter(new Set(options.tools.map((tool) => tool.name)), callIds(options.prompt))
    const reader = dialect.reader(writer)
    if (!/\bjson\b/.test(type)) return readStream(response, writer, reader, errors)
    const data = yield* Effect.promise(() => readText(response, documentSize))
    return Stream.fromIterable(readEvents(writer, reader, errors.scrub, [{ event: "", data }], true))
  }
)
