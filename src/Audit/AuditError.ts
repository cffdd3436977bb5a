import { Schema } from "effect"

/** The log could not be opened, written or read. */
export class AuditFailed extends Schema.TaggedError<AuditFailed>()("AuditFailed", {
  method: Schema.String,
  reason: Schema.Literal("open", "write", "read", "closed"),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `Cannot ${this.reason} the audit log (${this.method}); nothing goes on without a record. Check that .fluffy/state is writable and the disk has room`
  }
}
