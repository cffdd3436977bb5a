import { Context, type Effect } from "effect"
import type { AuditEntry, AuditEvent, AuditQuery, Verification } from "./Audit/AuditEntry.ts"
import type { AuditFailed } from "./Audit/AuditError.ts"

export * from "./Audit/AuditEntry.ts"
export * from "./Audit/AuditError.ts"

/** The append-only, hash-chained record of what was asked, decided, run and changed. */
export class Audit extends Context.Tag("fluffy/Audit")<Audit, {
  /** Adds an entry to the buffer; on disk after 100 entries, 500 ms, `commit`, or when the layer closes. */
  readonly append: (event: AuditEvent) => Effect.Effect<void, AuditFailed>
  /** Adds an entry and returns when it and everything before it is on disk: for security events. */
  readonly commit: (event: AuditEvent) => Effect.Effect<void, AuditFailed>
  /** Recomputes the chain, whole or over the last N entries, buffered ones included. */
  readonly verify: (options?: { readonly last?: number }) => Effect.Effect<Verification, AuditFailed>
  /** Entries in order, oldest first. */
  readonly entries: (query?: AuditQuery) => Effect.Effect<ReadonlyArray<AuditEntry>, AuditFailed>
}>() {}
