import { Schema } from "effect"
import { withoutStop } from "../internal/text.ts"

/** No isolation can be had here. Nothing runs without one. */
export class SandboxUnavailable extends Schema.TaggedError<SandboxUnavailable>()("SandboxUnavailable", {
  backend: Schema.String,
  detail: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    const are = this.backend.includes(" and ") ? "are" : "is"
    return `No sandbox: ${this.backend} ${are} not usable (${withoutStop(this.detail)}). To mend it: ${this.remedy}`
  }
}

/** The sandbox itself went wrong; what the command did is not known, so nothing of it may be taken. */
export class SandboxFailed extends Schema.TaggedError<SandboxFailed>()("SandboxFailed", {
  backend: Schema.String,
  method: Schema.String,
  reason: Schema.Literal("spawn", "setup", "io", "script exhausted"),
  detail: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `Sandbox ${this.backend} failed to ${this.method} (${this.reason}): ${this.detail}`
  }
}
