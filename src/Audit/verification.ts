import type { Verification } from "./AuditEntry.ts"
import { chainBroken, genesis, type Head, type Row, segmentOpened, sha256, start } from "./chain.ts"

/** One broken entry and why; a missing one is named by the number it had. */
type Break = Verification["broken"][number]

/** A row as a database returns it: nothing about it is certain. */
export type StoredRow = { readonly [Column in keyof Row]: unknown }

/** How far a verification has come. `recorded` are the breaks that sound entries already name; `sound` is about this segment. */
export interface Progress {
  readonly checked: number
  readonly segments: number
  readonly broken: ReadonlyArray<Break>
  readonly recorded: ReadonlyArray<Break>
  readonly last: Head
  readonly sound: boolean
}

/** Starts after `anchor`, whose hash is taken as it is; without one, at the very first entry. */
export const begin = (anchor: Head = start): Progress => ({
  checked: 0,
  segments: 1,
  broken: [],
  recorded: [],
  last: anchor,
  sound: true
})

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Reads a payload's fields, or undefined where it is no JSON object. */
export const parse = (payload: unknown): Fields | undefined => {
  if (typeof payload !== "string") return undefined
  try {
    const value: unknown = JSON.parse(payload)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads a head as stored or stated; null where it is none. */
export const readHead = (value: unknown): Head | null => {
  if (!isFields(value)) return null
  const { segment, seq, hash } = value
  if (!Number.isSafeInteger(segment) || !Number.isSafeInteger(seq) || typeof hash !== "string") return null
  return { segment: Number(segment), seq: Number(seq), hash }
}

const span = (from: number, to: number) => from === to ? `entry ${from} is` : `entries ${from} to ${to} are`

/** Why a log that ends at `last` is not the one whose head was stated, if it is not. */
const headBreak = (stated: Head | null, last: Head): Break | undefined => {
  if (stated === null) return { seq: last.seq, reason: "head missing: nothing states that the log ends here" }
  if (stated.seq > last.seq) {
    return { seq: last.seq + 1, reason: `truncated: ${span(last.seq + 1, stated.seq)} missing` }
  }
  if (stated.seq < last.seq) return { seq: stated.seq + 1, reason: `beyond the head: the log ended at ${stated.seq}` }
  if (stated.hash === last.hash && stated.segment === last.segment) return undefined
  return { seq: last.seq, reason: "head mismatch: the stated head is another entry's" }
}

const repeated = ["seq", "segment", "session", "category"] as const

/** Why a row taken by itself is not what was written, if it is not. */
const rowBreak = (row: StoredRow, fields: Fields | undefined): string | undefined => {
  if (fields === undefined || !Number.isSafeInteger(row.seq)) return "unreadable: the row is no entry"
  if (sha256(row.payload as string) !== row.hash) return "hash mismatch: the entry was altered"
  const column = repeated.find((name) => row[name] !== fields[name])
  return column === undefined ? undefined : `column mismatch: ${column} is not what the entry says`
}

/** Why a sound row does not follow `last`, if it does not. */
const linkBreak = (fields: Fields, last: Head): string | undefined => {
  if (fields["prev"] !== last.hash) return `prev mismatch: it does not follow entry ${last.seq}`
  return fields["segment"] === last.segment ? undefined : "segment mismatch: it is of another segment"
}

const opensSegment = (fields: Fields, last: Head) =>
  fields["action"] === segmentOpened && fields["category"] === "audit" && fields["prev"] === genesis &&
  Number(fields["segment"]) > last.segment

const recordedBy = (fields: Fields): ReadonlyArray<Break> => {
  if (fields["action"] !== chainBroken || fields["category"] !== "audit" || !isFields(fields["detail"])) return []
  const listed = fields["detail"]["broken"]
  return Array.isArray(listed) ? listed.filter((item): item is Break => isFields(item)) : []
}

const breakAt = (progress: Progress, found: Break): Progress => ({
  ...progress,
  broken: [...progress.broken, found],
  sound: false
})

const enterSegment = (progress: Progress, row: Row, fields: Fields): Progress => {
  const stated = isFields(fields["detail"]) ? readHead(fields["detail"]["previous"]) : null
  const found = progress.sound ? headBreak(stated, progress.last) : undefined
  const closed = found === undefined ? progress : breakAt(progress, found)
  return { ...closed, segments: closed.segments + 1, last: row, sound: true }
}

const step = (progress: Progress, row: StoredRow): Progress => {
  const { last } = progress
  const fields = parse(row.payload)
  const altered = rowBreak(row, fields)
  if (altered === undefined && fields !== undefined && opensSegment(fields, last)) {
    return enterSegment(progress, row as Row, fields)
  }
  if (!progress.sound) return progress
  const seq = Number.isSafeInteger(row.seq) ? Number(row.seq) : last.seq + 1
  if (seq > last.seq + 1) {
    return breakAt(progress, { seq: last.seq + 1, reason: `gap: ${span(last.seq + 1, seq - 1)} missing` })
  }
  if (seq <= last.seq) return breakAt(progress, { seq, reason: "out of order: its number was taken" })
  const reason = altered ?? (fields === undefined ? undefined : linkBreak(fields, last))
  if (reason !== undefined || fields === undefined) return breakAt(progress, { seq, reason: reason ?? "unreadable" })
  const recorded = recordedBy(fields)
  return {
    ...progress,
    last: row as Row,
    recorded: recorded.length === 0 ? progress.recorded : [...progress.recorded, ...recorded]
  }
}

/** Verifies the next rows, which must come in the order of their numbers. */
export const advance = (progress: Progress, rows: ReadonlyArray<StoredRow>): Progress => ({
  ...rows.reduce(step, progress),
  checked: progress.checked + rows.length
})

/** Compares the end reached with the head record: entries cut off, or added behind its back, show here. */
export const finish = (progress: Progress, head: unknown): Progress => {
  const stated = readHead(head)
  if (!progress.sound || (progress.last.seq === 0 && head === undefined)) return progress
  const found = headBreak(stated, progress.last)
  return found === undefined ? progress : breakAt(progress, found)
}

/** The breaks that no sound entry names yet. */
export const unrecorded = (progress: Progress): ReadonlyArray<Break> =>
  progress.broken.filter((found) =>
    !progress.recorded.some((old) => old.seq === found.seq && old.reason === found.reason)
  )

/** What a verification tells its caller. */
export const result = ({ broken, checked, segments }: Progress): Verification => ({
  checked,
  segments: checked === 0 ? 0 : segments,
  broken
})
