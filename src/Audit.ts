import { Clock, Context, Effect, Layer } from "effect"
import type { AuditEntry, AuditEvent, AuditQuery, Verification } from "./Audit/AuditEntry.ts"
import type { AuditFailed } from "./Audit/AuditError.ts"
import { draft, link, type Row, start } from "./Audit/chain.ts"
import { amount, toEntry } from "./Audit/read.ts"
import { advance, begin, finish, result } from "./Audit/verification.ts"

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

// slice(-0) would be everything.
const newest = <A>(values: ReadonlyArray<A>, count: number) => values.slice(Math.max(0, values.length - count))

const makeMemory = () => {
  const rows: Array<Row> = []
  const add = Effect.fnUntraced(function*(event: AuditEvent) {
    rows.push(link(rows.at(-1) ?? start, draft(event, yield* Clock.currentTimeMillis)))
  })
  return Audit.of({
    append: add,
    commit: add,
    verify: Effect.fn("Audit.verify")((options) =>
      Effect.sync(() => {
        const checked = options?.last === undefined ? rows : newest(rows, amount(options).count)
        const anchor = rows[rows.length - checked.length - 1]
        return result(finish(advance(begin(anchor), checked), rows.at(-1)))
      })
    ),
    entries: Effect.fn("Audit.entries")((query: AuditQuery = {}) =>
      Effect.sync(() => {
        const wanted = amount(query)
        const found = rows.filter((row) =>
          row.seq > (query.after ?? 0) && (query.session ?? row.session) === row.session &&
          (query.category ?? row.category) === row.category
        )
        if (wanted.newest) return newest(found, wanted.count).map(toEntry)
        return (wanted.count < 0 ? found : found.slice(0, wanted.count)).map(toEntry)
      })
    )
  })
}

/** A log in memory, chained like the real one: for tests, and for an app that keeps its own record. */
export const layerMemory: Layer.Layer<Audit> = Layer.sync(Audit, makeMemory)
