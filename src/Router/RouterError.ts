import { Schema } from "effect"

/** The kernel cannot go on with this session: a leaf failed, so what happened is not known or not on record. */
export class RouterFailed extends Schema.TaggedError<RouterFailed>()("RouterFailed", {
  tool: Schema.String,
  module: Schema.Literal("Audit", "StateMachine", "Sandbox", "SandboxUnavailable", "Workspace"),
  detail: Schema.String
}) {
  override get message() {
    return `${this.tool} stopped the session: ${this.detail}`
  }
}
