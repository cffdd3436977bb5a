import { Schema } from "effect"

/** The kernel cannot go on; `reason` decides the exit code: 7 for no sandbox, 9 for a broken log, 5 for a denied command, 1 otherwise. */
export class OrchestratorFailed extends Schema.TaggedError<OrchestratorFailed>()("OrchestratorFailed", {
  reason: Schema.Literal("sandbox", "audit", "workspace", "state", "denied"),
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}
