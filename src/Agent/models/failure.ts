import type * as AiError from "@effect/ai/AiError"
import { ModelFailed, type ModelFailure } from "../ModelError.ts"
import { safeDetail } from "./detail.ts"
import { at, parse, text } from "./json.ts"

/** The longest wait a provider may ask for, in ms. */
const longestWait = 120_000

/** An error of any provider layer without what it may hold of keys and prompts. Nothing of the error itself is kept. */
export const fromAiError = (error: AiError.AiError): ModelFailed => {
  switch (error._tag) {
    case "HttpRequestError":
      return fromRequestError(error)
    case "HttpResponseError":
      return error.reason === "StatusCode" ? fromStatus(error) : new ModelFailed({
        kind: "transport",
        status: error.response.status,
        detail: "the connection was cut in the middle of the answer"
      })
    case "MalformedInput":
      return new ModelFailed({
        kind: "rejected",
        detail: safeDetail(error.description ?? "the request cannot be made")
      })
    case "MalformedOutput":
      return new ModelFailed({
        kind: "malformed",
        detail: safeDetail(error.description ?? "the answer holds something that cannot be read")
      })
    case "UnknownError":
      return new ModelFailed({ kind: "malformed", detail: safeDetail(error.description ?? "the model layer failed") })
  }
}

/** An error told inside a stream that had begun. Shapes: `{ code, message }` of our layers, whatever of others. */
export const fromErrorPart = (error: unknown): ModelFailed => {
  const nested = at(error, "error") ?? error
  const code = text(at(nested, "code")) ?? text(at(nested, "type")) ?? ""
  const message = text(at(nested, "message")) ?? (typeof nested === "string" ? nested : "")
  return new ModelFailed({
    kind: kindOf(undefined, code, message),
    detail: safeDetail(`the provider told an error in its answer: ${[code, message].filter(Boolean).join(": ")}`)
  })
}

const fromRequestError = (error: AiError.HttpRequestError): ModelFailed => {
  const detail = safeDetail(
    `cannot reach ${placeOf(error.request.url)} (${error.description ?? error.reason})`,
    headersOf(error)
  )
  const certificate = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY|DEPTH_ZERO/.test(error.description ?? "")
  if (certificate) {
    return new ModelFailed({
      kind: "rejected",
      detail,
      remedy: "its certificate was not accepted: see NODE_EXTRA_CA_CERTS"
    })
  }
  return new ModelFailed({
    kind: error.reason === "Transport" ? "transport" : "rejected",
    detail,
    remedy: "check the network and the base URL"
  })
}

const fromStatus = (error: AiError.HttpResponseError): ModelFailed => {
  const { headers, status } = error.response
  const body = parse(error.body ?? "")
  const told = at(body, "error") ?? body
  const code = text(at(told, "code")) ?? text(at(told, "type")) ?? ""
  const message = text(at(told, "message")) ?? text(told) ?? error.body ?? ""
  const kind = kindOf(status, code, message)
  const wait = retryAfterOf(headers)
  const remedy = remedyOf(error.module, status, kind)
  return new ModelFailed({
    kind,
    status,
    detail: safeDetail(message || code || "no reason given", headersOf(error)),
    ...(wait === undefined ? {} : { retryAfter: wait }),
    ...(remedy === undefined ? {} : { remedy })
  })
}

// Other layers keep the request's headers, key and all: their values are cut out wherever they turn up.
const headersOf = (error: AiError.HttpRequestError | AiError.HttpResponseError): ReadonlyArray<string> =>
  Object.entries(error.request.headers).flatMap(([name, value]) =>
    /auth|key|token|cookie/i.test(name) ? [value, value.replace(/^\w+ /, "")] : []
  )

const placeOf = (url: string): string => URL.canParse(url) ? new URL(url).host : "the provider"

const tooLong =
  /context.?length|context.?window|context size|maximum context|prompt is too long|too many tokens|request_too_large/i

const kindOf = (status: number | undefined, code: string, message: string): ModelFailure => {
  const told = `${code} ${message}`
  if (
    status === 413 ||
    (tooLong.test(told) && (status === undefined || status === 400 || status === 422 || status >= 500))
  ) {
    return "context-too-long"
  }
  if (/insufficient_quota|billing|credit balance/i.test(told)) return "rejected"
  if (status === 429 || (status === undefined && /rate.?limit/i.test(told))) return "rate-limited"
  if (status === 408 || status === 409 || status === 425 || (status !== undefined && status >= 500)) return "overloaded"
  if (status !== undefined) return "rejected"
  if (/malformed|too_many_calls/.test(code)) return "malformed"
  return /invalid_|authentication|permission|not_found/.test(code) ? "rejected" : "overloaded"
}

const remedyOf = (module: string, status: number, kind: ModelFailure): string | undefined => {
  const key = module.startsWith("OpenAi") ?
    "OPENAI_API_KEY" :
    module.startsWith("Anthropic") ?
    "ANTHROPIC_API_KEY" :
    module.startsWith("Compat") ?
    "FLUFFY_API_KEY" :
    "the API key"
  if (kind === "context-too-long") return "the conversation does not fit the model"
  if (status >= 300 && status < 400) {
    return "the server redirects elsewhere, which is not followed: give the final base URL"
  }
  if (status === 401) return `set ${key} to a valid key`
  if (status === 403) return `${key} has no right to this model`
  if (status === 404) return "model not found: check the name after the slash and the base URL"
  if (status === 429) return kind === "rejected" ? "the account has no quota left" : "the provider limits the rate"
  return kind === "rejected" ? "the provider refuses the request as it is" : undefined
}

/** `retry-after-ms`, or `retry-after` in seconds or as an HTTP date; in ms, at most two minutes. */
const retryAfterOf = (headers: Readonly<Record<string, string>>): number | undefined => {
  const exact = Number(headers["retry-after-ms"] ?? "x")
  const given = headers["retry-after"]
  const seconds = Number(given ?? "x")
  const ms = Number.isFinite(exact)
    ? exact
    : Number.isFinite(seconds)
    ? seconds * 1000
    : Date.parse(given ?? "") - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(Math.round(ms), 0), longestWait) : undefined
}
