import { hash as digest } from "node:crypto"
import type { AuditEvent } from "./AuditEntry.ts"
import { canonicalDetail, clip } from "./detail.ts"

/** What stands for the previous hash in the first entry of a segment: 64 zeros. */
export const genesis = "0".repeat(64)

/** Where the chain ends: the last entry's segment, sequence number and SHA-256 (hex). */
export interface Head {
  readonly segment: number
  readonly seq: number
  readonly hash: string
}

/** The head of a log that has no entry yet; entries count from 1. */
export const start: Head = { segment: 1, seq: 0, hash: genesis }

/** An event stamped and made plain, before it has a place in the chain; `detail` is its RFC 8785 form. */
export interface Draft {
  readonly session: AuditEvent["session"]
  readonly category: AuditEvent["category"]
  readonly detail: string
  /** The fields that sort before `detail`, and those behind it, in the order of RFC 8785. */
  readonly before: Pick<AuditEvent, "action" | "actor" | "category"> & {
    readonly at: string
    readonly decision: AuditEvent["decision"] | undefined
  }
  readonly behind: Pick<AuditEvent, "mode" | "phase"> & {
    readonly durationMs: number | undefined
    readonly rule: string | undefined
  }
}

/** An entry as it is stored: `payload` is the RFC 8785 form of all its fields but the hash, the columns repeat some of them. */
export interface Row {
  readonly seq: number
  readonly segment: number
  readonly session: string | null
  readonly category: string
  readonly payload: string
  readonly hash: string
}

const maxText = 1024

/** SHA-256 of a text's UTF-8, in hex. */
export const sha256 = (text: string): string => digest("sha256", text, "hex")

/** Copies an event at a time (ms since the epoch), so that nothing can change it, or break the writer, afterwards. */
export const draft = (event: AuditEvent, at: number): Draft => ({
  session: event.session,
  category: event.category,
  detail: canonicalDetail(event.detail),
  before: {
    action: clip(event.action, maxText),
    actor: event.actor,
    at: new Date(at).toISOString(),
    category: event.category,
    decision: event.decision
  },
  behind: {
    durationMs: Number.isFinite(event.durationMs) ? event.durationMs : undefined,
    mode: event.mode,
    phase: event.phase,
    rule: event.rule === undefined ? undefined : clip(event.rule, maxText)
  }
})

// With its keys written in order this is the RFC 8785 form, at a third of the time that sorting them for each entry takes.
const payloadOf = ({ before, behind, detail, session }: Draft, prev: string, segment: number, seq: number) => {
  const { durationMs, mode, phase, rule } = behind
  const tail = JSON.stringify({ durationMs, mode, phase, prev, rule, segment, seq, session })
  return `${JSON.stringify(before).slice(0, -1)},"detail":${detail},${tail.slice(1)}`
}

/** The entry that follows `head`. */
export const link = (head: Head, draft: Draft): Row => {
  const { segment } = head
  const seq = head.seq + 1
  const payload = payloadOf(draft, head.hash, segment, seq)
  return { seq, segment, session: draft.session, category: draft.category, payload, hash: sha256(payload) }
}

/** The entries that follow `head`, in order, and the new head. */
export const linkAll = (head: Head, drafts: ReadonlyArray<Draft>) => {
  const rows: Array<Row> = []
  for (const next of drafts) rows.push(link(rows.at(-1) ?? head, next))
  return { rows, head: rows.at(-1) ?? head }
}

/** The action of the entry that starts a segment after a break; its detail's `previous` states the old head, or null. */
export const segmentOpened = "segment.opened"

/** The action of the entry that records breaks; its detail's `broken` lists them. */
export const chainBroken = "chain.broken"

const kernelEvent = (action: string, detail: AuditEvent["detail"], at: number) =>
  draft({ session: null, category: "audit", action, actor: "kernel", phase: null, mode: null, detail }, at)

/** The two entries a new segment starts with: the old head as it was stated, and the breaks that made it necessary. */
export const openSegment = (
  from: { readonly segment: number; readonly seq: number; readonly previous: Head | null },
  broken: ReadonlyArray<{ readonly seq: number; readonly reason: string }>,
  at: number
) =>
  linkAll({ segment: from.segment, seq: from.seq, hash: genesis }, [
    kernelEvent(segmentOpened, { previous: from.previous }, at),
    kernelEvent(chainBroken, { broken }, at)
  ])
