import { Schema } from "effect"

/** No test runner can be named for the request. `looked` is what was looked for, `remedy` what would help. */
export class NoRunner extends Schema.TaggedError<NoRunner>()("NoRunner", {
  reason: Schema.String,
  looked: Schema.Array(Schema.String),
  remedy: Schema.String
}) {
  override get message() {
    const looked = this.looked.length === 0 ? "" : ` Looked for ${this.looked.join("; ")}.`
    return `Cannot run tests: ${this.reason}.${looked} ${this.remedy}`
  }
}
