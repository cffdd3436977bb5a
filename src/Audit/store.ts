import type { SqlClient } from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { Effect } from "effect"
import { whenFree } from "../internal/Sqlite.ts"
import type { AuditQuery } from "./AuditEntry.ts"
import { AuditFailed } from "./AuditError.ts"
import { type Head, openSegment, type Row, start } from "./chain.ts"
import { amount, toEntry } from "./read.ts"
import { advance, begin, finish, type Progress, readHead, type StoredRow, unrecorded } from "./verification.ts"

/** The version of the tables below, kept in the file as `PRAGMA user_version`. */
export const schemaVersion = 1

/** `head` has one row and changes in the transaction that adds entries: it shows entries cut off at the end. */
export const schema = [
  `CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL,
    session TEXT,
    category TEXT NOT NULL,
    payload TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT`,
  "CREATE INDEX IF NOT EXISTS entries_session ON entries (session)",
  `CREATE TABLE IF NOT EXISTS head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    segment INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT`
]

const columns = "seq, segment, session, category, payload, hash"
const pageSize = 500
const maxRows = 100

/** Where rows are read: a connection inside a transaction, or the client's for the time of one query. */
export type Reader = Pick<Connection, "executeValues">

/** Reads through the client, so that writers get their turn between two pages. */
export const reader = (sql: SqlClient): Reader => ({
  executeValues: (text, parameters) =>
    Effect.scoped(Effect.flatMap(sql.reserve, (connection) => whenFree(connection.executeValues(text, parameters))))
})

const toRow = ([seq, segment, session, category, payload, hash]: ReadonlyArray<unknown>): StoredRow => ({
  seq,
  segment,
  session,
  category,
  payload,
  hash
})

/** The highest number in use and the head record, as stored and from one moment. */
const readEnd = Effect.fnUntraced(function*(from: Reader) {
  const [end = []] = yield* from.executeValues(
    `SELECT e.top, h.segment, h.seq, h.hash
    FROM (SELECT max(seq) AS top FROM entries) e LEFT JOIN head h ON h.id = 1`,
    []
  )
  const [top, segment, seq, hash] = end
  return { top: Number(top ?? 0), head: seq === null ? undefined : { segment, seq, hash } }
})

const anchorOf = Effect.fnUntraced(function*(from: Reader, last: number | undefined) {
  if (last === undefined) return undefined
  const [row] = yield* from.executeValues(
    "SELECT segment, seq, hash FROM entries ORDER BY seq DESC LIMIT 1 OFFSET ?",
    [amount({ last }).count]
  )
  return row === undefined ? undefined : readHead({ segment: row[0], seq: row[1], hash: row[2] }) ?? undefined
})

/** Verifies the log, or its last N entries, page by page: memory does not grow with the log. */
export const verifyLog = Effect.fnUntraced(function*(from: Reader, last?: number) {
  const anchor = yield* anchorOf(from, last)
  let progress: Progress = begin(anchor)
  let cursor = anchor?.seq ?? Number.NEGATIVE_INFINITY
  while (true) {
    const page = yield* from.executeValues(
      `SELECT ${columns} FROM entries WHERE seq > ? ORDER BY seq LIMIT ${pageSize}`,
      [cursor]
    )
    progress = advance(progress, page.map(toRow))
    cursor = Number(page.at(-1)?.[0] ?? cursor)
    if (page.length > 0) yield* Effect.yieldNow()
    if (page.length === pageSize && Number.isSafeInteger(cursor)) continue
    const end = yield* readEnd(from)
    // Entries that came while the last page was read are read too: the head record counts them already.
    if (end.top > cursor && Number.isSafeInteger(cursor)) continue
    return finish(progress, end.head)
  }
})

/** Entries as stored, oldest first. */
export const select = Effect.fnUntraced(function*(from: Reader, query: AuditQuery) {
  const { count, newest } = amount(query)
  const conditions = ["seq > ?"]
  const parameters: Array<unknown> = [query.after ?? Number.NEGATIVE_INFINITY]
  for (const name of ["session", "category"] as const) {
    if (query[name] === undefined) continue
    conditions.push(`${name} = ?`)
    parameters.push(query[name])
  }
  const rows = yield* from.executeValues(
    `SELECT ${columns} FROM entries WHERE ${conditions.join(" AND ")} ORDER BY seq ${newest ? "DESC" : ""} LIMIT ?`,
    [...parameters, count]
  )
  const ordered = newest ? rows.toReversed() : rows
  return ordered.map((row) => toEntry(toRow(row)))
})

const insertText = (count: number) => `INSERT INTO entries (${columns}) VALUES ${Array(count).fill("(?,?,?,?,?,?)")}`
const insertFull = insertText(maxRows)

const headText = `INSERT INTO head (id, segment, seq, hash) VALUES (1, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET segment = excluded.segment, seq = excluded.seq, hash = excluded.hash`

/** Stores linked rows, 100 a statement, and the head they end in; the caller holds the transaction. */
export const insert = Effect.fnUntraced(function*(connection: Connection, rows: ReadonlyArray<Row>, head: Head) {
  for (let from = 0; from < rows.length; from += maxRows) {
    const part = rows.slice(from, from + maxRows)
    const parameters: Array<unknown> = []
    for (const row of part) {
      parameters.push(row.seq, row.segment, row.session, row.category, row.payload, row.hash)
    }
    yield* connection.executeRaw(part.length === maxRows ? insertFull : insertText(part.length), parameters)
  }
  yield* connection.executeRaw(headText, [head.segment, head.seq, head.hash])
})

/** The head the next entry follows, read under the writer's lock since another process may have moved it. */
export const currentHead = Effect.fnUntraced(function*(connection: Connection) {
  const [row] = yield* connection.executeValues("SELECT segment, seq, hash FROM head WHERE id = 1", [])
  if (row === undefined) return start
  const head = readHead({ segment: row[0], seq: row[1], hash: row[2] })
  if (head !== null) return head
  const cause = new Error("the head record is unreadable")
  return yield* new AuditFailed({ method: "flush", reason: "write", cause })
})

// Larger numbers are no count of entries but an attempt to leave none for the entries to come.
const plausible = (value: number | undefined) => value !== undefined && value < 2 ** 52 ? value : 0

/** Records breaks in a segment of its own, behind everything that is there; what is there stays as it is. */
export const recordBreaks = Effect.fnUntraced(function*(connection: Connection, at: number) {
  const progress = yield* verifyLog(connection)
  const broken = unrecorded(progress)
  if (broken.length === 0) return
  const end = yield* readEnd(connection)
  const previous = readHead(end.head)
  const opened = openSegment(
    {
      segment: Math.max(progress.last.segment, plausible(previous?.segment)) + 1,
      seq: Math.max(end.top, plausible(previous?.seq)),
      previous
    },
    broken,
    at
  )
  yield* insert(connection, opened.rows, opened.head)
})
