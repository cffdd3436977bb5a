import { Schema } from "effect"
import { Phase } from "../domain/Phase.ts"

/** The event is not possible in this phase; `possible` says what is. */
export class TransitionRefused extends Schema.TaggedError<TransitionRefused>()("TransitionRefused", {
  phase: Phase,
  event: Schema.String,
  reason: Schema.String,
  possible: Schema.String
}) {
  override get message() {
    return `Refused ${this.event} in phase ${this.phase}: ${this.reason}. ${this.possible}`
  }
}

/** The state of a session could not be read or saved. */
export class StateMachineFailed extends Schema.TaggedError<StateMachineFailed>()("StateMachineFailed", {
  method: Schema.String,
  reason: Schema.Literal("open", "write", "read", "unknown session", "session exists"),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `Cannot keep session state (${this.method}): ${this.reason}. Check that .fluffy/state is writable`
  }
}
