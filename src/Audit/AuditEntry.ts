import { Schema } from "effect"
import { DecisionEffect } from "../domain/Decision.ts"
import { Mode, Phase } from "../domain/Phase.ts"
import { SessionId } from "../domain/SessionId.ts"

/** What an entry is about. */
export const AuditCategory = Schema.Literal(
  "kernel",
  "session",
  "phase",
  "policy",
  "tool",
  "change",
  "test",
  "review",
  "merge",
  "model",
  "network",
  "audit"
)
export type AuditCategory = typeof AuditCategory.Type

/** What a module reports; the log adds sequence, time and hashes. `session` is null for the kernel's own events. `durationMs` in ms. */
export const AuditEvent = Schema.Struct({
  session: Schema.NullOr(SessionId),
  category: AuditCategory,
  action: Schema.String,
  actor: Schema.Literal("kernel", "model", "human"),
  phase: Schema.NullOr(Phase),
  mode: Schema.NullOr(Mode),
  decision: Schema.optional(DecisionEffect),
  rule: Schema.optional(Schema.String),
  detail: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  durationMs: Schema.optional(Schema.Number)
})
export type AuditEvent = typeof AuditEvent.Type

/** One line of the log. `hash` is SHA-256 (hex) over the RFC 8785 form of all other fields, the previous hash among them. `at` is ISO 8601 UTC. */
export const AuditEntry = Schema.Struct({
  seq: Schema.Number,
  segment: Schema.Number,
  at: Schema.String,
  ...AuditEvent.fields,
  prev: Schema.String,
  hash: Schema.String
})
export type AuditEntry = typeof AuditEntry.Type

/** Which entries: after a sequence number, of a session or category, at most `limit`; `last` gives the newest N instead, oldest first. */
export interface AuditQuery {
  readonly after?: number
  readonly last?: number
  readonly limit?: number
  readonly session?: SessionId
  readonly category?: AuditCategory
}

/** `checked` counts entries recomputed; `broken` names the first that does not fit, and why. */
export interface Verification {
  readonly checked: number
  readonly segments: number
  readonly broken: ReadonlyArray<{ readonly seq: number; readonly reason: string }>
}
