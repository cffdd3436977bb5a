import { Chunk, Effect, Option, Stream } from "effect"
import { Audit, type AuditEntry, type AuditFailed, type AuditQuery } from "../Audit.ts"
import * as AuditSql from "../Audit/Sql.ts"
import { stateHere } from "./stateHere.ts"

/** The log of this project, undefined when no session ever ran here. Opening it verifies it. */
export const auditHere = Effect.map(stateHere("audit.db"), ({ exists, file }) => ({
  file,
  layer: exists ? AuditSql.layer({ file }) : undefined
}))

const page = 500

/** Entries a page at a time, oldest first, so that a long log needs no more memory than a short one. */
export const entries = (
  query: Omit<AuditQuery, "after" | "limit" | "last">
): Stream.Stream<AuditEntry, AuditFailed, Audit> =>
  Stream.paginateChunkEffect(
    0,
    (after) =>
      Effect.flatMap(Audit, (audit) =>
        Effect.map(audit.entries({ ...query, after, limit: page }), (found) => {
          const last = found.at(-1)
          const more = found.length === page && last !== undefined && last.seq > after
          return [Chunk.unsafeFromArray([...found]), more ? Option.some(last.seq) : Option.none()]
        }))
  )
