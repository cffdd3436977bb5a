import type { SqlClient } from "@effect/sql/SqlClient"
import { Clock, Effect, Layer } from "effect"
import { Audit, AuditFailed } from "../Audit.ts"
import * as Sqlite from "../internal/Sqlite.ts"
import { type Draft, draft, linkAll } from "./chain.ts"
import { currentHead, insert, reader, recordBreaks, schema, schemaVersion, select, verifyLog } from "./store.ts"
import { result } from "./verification.ts"
import * as Writer from "./writer.ts"

const failed = (method: string, reason: AuditFailed["reason"]) => (cause: unknown) =>
  cause instanceof AuditFailed ? cause : new AuditFailed({ method, reason, cause })

const prepare = (sql: SqlClient) =>
  Sqlite.transaction(sql, (connection) =>
    Effect.gen(function*() {
      const [[version] = []] = yield* connection.executeValues("PRAGMA user_version", [])
      const [[tables] = []] = yield* connection.executeValues("SELECT count(*) FROM sqlite_schema", [])
      if (version !== schemaVersion && (version !== 0 || tables !== 0)) {
        const cause = new Error("it is not an audit log, or one of another version of Fluffy")
        return yield* new AuditFailed({ method: "layer", reason: "open", cause })
      }
      for (const statement of schema) yield* connection.executeRaw(statement, [])
      if (version === 0) yield* connection.executeRaw(`PRAGMA user_version = ${schemaVersion}`, [])
    }))

/** Verifies the log; what nobody recorded yet is recorded before the first new entry. */
const inspect = Effect.fnUntraced(function*(sql: SqlClient) {
  const { broken } = yield* verifyLog(reader(sql))
  if (broken.length === 0) return
  yield* Effect.logWarning(
    "The audit log does not verify; it goes on in a new segment, and the break stays on record",
    ...broken.map(({ reason, seq }) => `entry ${seq}: ${reason}`)
  )
  const at = yield* Clock.currentTimeMillis
  yield* Sqlite.transaction(sql, (connection) => recordBreaks(connection, at))
})

const make = Effect.fnUntraced(function*(file: string) {
  const sql = yield* Effect.mapError(Sqlite.open(file), failed("layer", "open"))
  yield* Effect.mapError(Effect.zipRight(prepare(sql), inspect(sql)), failed("layer", "open"))
  const from = reader(sql)

  const write = (drafts: ReadonlyArray<Draft>) =>
    Sqlite.transaction(sql, (connection) =>
      Effect.flatMap(currentHead(connection), (head) => {
        const linked = linkAll(head, drafts)
        return insert(connection, linked.rows, linked.head)
      })).pipe(Effect.mapError(failed("flush", "write")))
  const writer = yield* Writer.make(write, () => new AuditFailed({ method: "flush", reason: "closed" }))

  return Audit.of({
    append: (event) => Effect.clockWith((clock) => writer.append(draft(event, clock.unsafeCurrentTimeMillis()))),
    commit: Effect.fn("Audit.commit")(function*(event) {
      yield* writer.commit(draft(event, yield* Clock.currentTimeMillis))
    }),
    verify: Effect.fn("Audit.verify")(function*(options) {
      yield* writer.flush
      return result(yield* Effect.mapError(verifyLog(from, options?.last), failed("verify", "read")))
    }),
    entries: Effect.fn("Audit.entries")(function*(query = {}) {
      yield* writer.flush
      return yield* Effect.mapError(select(from, query), failed("entries", "read"))
    })
  })
})

/**
 * The log in a SQLite file, made where it is missing (0600, in a directory 0700). Opening verifies it: a break is logged as a
 * warning, recorded as `chain.broken` in a new segment, and named by every later `verify`; stored entries are never changed.
 * Several processes may write to one file. Closing writes what is buffered, and dies where that fails. The chain has no key: who
 * can write to the file can also forge a whole log, so a hash to hold against it belongs in another place.
 */
export const layer = (options: { readonly file: string }): Layer.Layer<Audit, AuditFailed> =>
  Layer.scoped(Audit, make(options.file))
