import * as AiError from "@effect/ai/AiError"
import { Option } from "effect"
import type { IncomingMessage } from "node:http"
import { safeDetail, secretsOf } from "./detail.ts"
import type { Endpoint } from "./Dialect.ts"
import { at, parse, record, text } from "./json.ts"
import { limits, TooLarge } from "./sse.ts"

export type WireErrors = ReturnType<typeof makeWireErrors>

/** The errors of one request. None holds the request's headers, its body or a foreign error: those carry the key and the prompt. */
export const makeWireErrors = (module: string, endpoint: Endpoint) => {
  const method = "streamText"
  const secrets = secretsOf(endpoint.apiKey)
  const scrub = (text: string) => safeDetail(text, secrets)
  const request = {
    method: "POST" as const,
    url: `${endpoint.url.origin}${endpoint.url.pathname}`,
    urlParams: [],
    hash: Option.none<string>(),
    headers: {}
  }
  /** What the body says, each part capped on its own so that it stays JSON. Shapes: OpenAI's, Anthropic's, vLLM's, FastAPI's. */
  const reason = (body: string): string => {
    const whole = parse(body)
    const told = record(at(whole, "error")) ?? record(whole)
    if (told === undefined) return scrub(body)
    const code = scrub(text(told.code) ?? text(told.type) ?? "")
    const message = scrub(text(told.message) ?? text(told.error) ?? text(told.detail) ?? JSON.stringify(told))
    return JSON.stringify({ error: { code, message } })
  }
  return {
    scrub,
    /** No answer: the address, the network, a certificate. */
    transport: (cause: unknown): AiError.HttpRequestError => {
      // The message of an error may quote a header, the key's included; a code never does.
      const description = scrub(text(at(cause, "code")) ?? "the request could not be sent")
      return new AiError.HttpRequestError({ module, method, reason: "Transport", request, description })
    },
    /** The answer broke off, or is larger than any answer can be. */
    reading: (cause: unknown): AiError.AiError =>
      cause instanceof TooLarge
        ? new AiError.MalformedOutput({
          module,
          method,
          description: `the server sent more than ${limits.event} characters in one event or ${limits.total} in all`
        })
        : new AiError.HttpResponseError({
          module,
          method,
          reason: "Decode",
          request,
          response: { status: 200, headers: {} },
          description: "the connection was cut in the middle of the answer"
        }),
    status: (response: IncomingMessage, body: string): AiError.HttpResponseError => {
      const wait = ["retry-after", "retry-after-ms"].flatMap((name) => {
        const value = text(response.headers[name])
        return value === undefined ? [] : [[name, value] as const]
      })
      return new AiError.HttpResponseError({
        module,
        method,
        reason: "StatusCode",
        request,
        response: { status: response.statusCode ?? 0, headers: Object.fromEntries(wait) },
        body: reason(body)
      })
    },
    /** Something answered that is no model API. */
    notAnApi: (type: string): AiError.MalformedInput =>
      new AiError.MalformedInput({
        module,
        method,
        description: `${request.url} answered with ${
          scrub(type || "nothing")
        }, not with a model's events: check the base URL`
      })
  }
}
