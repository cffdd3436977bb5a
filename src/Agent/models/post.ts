import { Effect, type Scope } from "effect"
import type { IncomingMessage, request } from "node:http"
import { acquireRelease } from "../../internal/finalizer.ts"

/** `fetch` would load several times the code of these before the first request. */
const requestTo = (url: URL): Promise<typeof request> =>
  url.protocol === "https:"
    ? import("node:https").then((https) => https.request)
    : import("node:http").then((http) => http.request)

/** Posts a body and waits for the head of the answer; follows no redirect. The connection is closed with the scope. */
export const post = Effect.fnUntraced(function*<E>(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  failed: (cause: unknown) => E
): Effect.fn.Return<IncomingMessage, E, Scope.Scope> {
  const request = yield* Effect.promise(() => requestTo(url))
  const sent = yield* acquireRelease(
    Effect.try({
      try: () => request(url, { method: "POST", headers: { ...headers, connection: "close" } }),
      catch: failed
    }),
    (sent) => Effect.sync(() => sent.destroy())
  )
  return yield* Effect.async<IncomingMessage, E>((resume) => {
    sent.once("response", (response) => resume(Effect.succeed(response)))
    // The listener stays: a connection that breaks later is told by the reader of the answer.
    sent.on("error", (cause) => resume(Effect.fail(failed(cause))))
    sent.once("close", () => resume(Effect.fail(failed(undefined))))
    sent.end(body)
  })
})
