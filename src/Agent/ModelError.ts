import { Schema } from "effect"

/** Why a model request failed. `context-too-long`: the prompt does not fit; the caller may compact and ask again. */
export const ModelFailure = Schema.Literal(
  "rate-limited",
  "overloaded",
  "transport",
  "truncated",
  "stalled",
  "malformed",
  "rejected",
  "context-too-long"
)
export type ModelFailure = typeof ModelFailure.Type

/** The provider did not answer in full. `retryAfter` is in ms; `detail` is capped, escaped and free of keys; `remedy` says what to do. */
export class ModelFailed extends Schema.TaggedError<ModelFailed>()("ModelFailed", {
  kind: ModelFailure,
  status: Schema.optional(Schema.Number),
  retryAfter: Schema.optional(Schema.Number),
  detail: Schema.String,
  remedy: Schema.optional(Schema.String)
}) {
  override get message() {
    const status = this.status === undefined ? "" : `, HTTP ${this.status}`
    return `The model request failed (${this.kind}${status}): ${this.detail}${
      this.remedy === undefined ? "" : `; ${this.remedy}`
    }`
  }
}

/** A model that cannot be used as it was named or configured; nothing was sent. `remedy` says what to do. */
export class ModelUnknown extends Schema.TaggedError<ModelUnknown>()("ModelUnknown", {
  model: Schema.String,
  reason: Schema.Literal("name", "key", "address", "recording"),
  detail: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `Cannot use the model "${this.model}": ${this.detail}; ${this.remedy}`
  }
}
