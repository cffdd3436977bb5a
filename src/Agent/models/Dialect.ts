import type * as LanguageModel from "@effect/ai/LanguageModel"
import type { Redacted } from "effect"
import type { PartWriter } from "./parts.ts"
import type { SseEvent } from "./sse.ts"

/** How one protocol asks and how its answer is read; everything else is `wire.ts`. */
export interface Dialect {
  /** Who speaks in an error: `OpenAi`, `Anthropic`, `Compat`. */
  readonly module: string
  readonly headers: (key: string) => Readonly<Record<string, string>>
  readonly body: (options: LanguageModel.ProviderOptions) => unknown
  /** A fresh reader for one answer. */
  readonly reader: (writer: PartWriter) => Reader
}

/** Turns events into parts. `onEnd`: the server closed without a last word. */
export interface Reader {
  readonly onEvent: (data: unknown, event: SseEvent) => void
  readonly onEnd: () => void
}

/** Where a model is and what opens it. `url` is the full address of the endpoint. */
export interface Endpoint {
  readonly url: URL
  readonly apiKey: Redacted.Redacted | undefined
  readonly model: string
  /** Most output tokens of one answer; without it the dialect's own default. */
  readonly maxOutput?: number | undefined
}
