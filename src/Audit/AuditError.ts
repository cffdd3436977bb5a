import { Schema } from "effect"

const verbs = { open: "open", write: "write", read: "read", closed: "write to" } as const

const writable = "Check that .fluffy/state is writable, the disk has room and no other program holds the log"

const remedies = {
  open: `${writable}; move a damaged log away to start a new one`,
  write: writable,
  read: "Run: fluffy audit verify",
  closed: "It was closed with the kernel: start a new one"
} as const

/** The log could not be opened, written or read. */
export class AuditFailed extends Schema.TaggedError<AuditFailed>()("AuditFailed", {
  method: Schema.String,
  reason: Schema.Literal("open", "write", "read", "closed"),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `Cannot ${verbs[this.reason]} the audit log (${this.method}); nothing goes on without a record. ${
      remedies[this.reason]
    }`
  }
}
