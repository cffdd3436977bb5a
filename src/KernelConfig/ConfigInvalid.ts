import { Schema } from "effect"

/** A setting, a file or the place fluffy was started in cannot be used. `line` and `column` count from 1, 0 when unknown. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  source: Schema.String,
  line: Schema.Number,
  column: Schema.Number,
  problem: Schema.String
}) {
  override get message() {
    const place = this.line > 0 ? `${this.source}:${this.line}:${this.column}` : this.source
    return `Cannot use ${place}: ${this.problem}`
  }
}

/** The error of something that has no lines: a variable, a folder. */
export const invalid = (source: string, problem: string): ConfigInvalid =>
  new ConfigInvalid({ source, line: 0, column: 0, problem })
