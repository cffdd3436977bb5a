import { Schema } from "effect"

/** A rule file is missing, unreadable or wrong; nothing of the set is in force. `line` and `column` count from 1, 0 when unknown. */
export class PolicyLoadFailed extends Schema.TaggedError<PolicyLoadFailed>()("PolicyLoadFailed", {
  file: Schema.String,
  line: Schema.Number,
  column: Schema.Number,
  rule: Schema.optional(Schema.String),
  problem: Schema.String
}) {
  override get message() {
    const place = this.line > 0 ? `${this.file}:${this.line}:${this.column}` : this.file
    return `Cannot load policy ${place}${this.rule === undefined ? "" : ` (rule ${this.rule})`}: ${this.problem}`
  }
}
