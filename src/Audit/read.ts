import { Either, Schema } from "effect"
import { AuditEntry, type AuditQuery } from "./AuditEntry.ts"
import { parse, type StoredRow } from "./verification.ts"

const decode = Schema.decodeUnknownEither(AuditEntry)

// A tampered row must not hide the others: it is shown as what it is.
const unreadable = (row: StoredRow): AuditEntry => ({
  seq: Number(row.seq),
  segment: Number(row.segment),
  at: "",
  session: null,
  category: "audit",
  action: "entry.unreadable",
  actor: "kernel",
  phase: null,
  mode: null,
  detail: {},
  prev: "",
  hash: String(row.hash)
})

/** A stored row as an entry, not verified; one that cannot be read becomes an `entry.unreadable` of category audit. */
export const toEntry = (row: StoredRow): AuditEntry =>
  Either.getOrElse(decode({ ...parse(row.payload), hash: row.hash }), () => unreadable(row))

/** How many entries a query asks for, and from which end; -1 is all. */
export const amount = ({ last, limit }: AuditQuery): { readonly count: number; readonly newest: boolean } => {
  const asked = last ?? limit
  return { count: asked === undefined ? -1 : Math.max(0, Math.trunc(asked) || 0), newest: last !== undefined }
}
