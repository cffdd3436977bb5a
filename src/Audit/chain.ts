import { hash as digest } from "node:crypto"
import type { AuditEvent } from "./AuditEntry.ts"
import { canonical } from "./canonical.ts"
import { clip, type Json, plainDetail } from "./detail.ts"

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

/** An event made plain and stamped, before it has a place in the chain. */
export interface Draft extends Omit<AuditEvent, "detail"> {
  readonly at: string
  readonly detail: { readonly [key: string]: Json }
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
  at: new Date(at).toISOString(),
  session: event.session,
  category: event.category,
  action: clip(event.action, maxText),
  actor: event.actor,
  phase: event.phase,
  mode: event.mode,
  detail: plainDetail(event.detail),
  ...(event.decision === undefined ? undefined : { decision: event.decision }),
  ...(event.rule === undefined ? undefined : { rule: clip(event.rule, maxText) }),
  ...(Number.isFinite(event.durationMs) ? { durationMs: event.durationMs } : undefined)
})

/** The entry that follows `head`. */
export const link = (head: Head, draft: Draft): Row => {
  const place = { seq: head.seq + 1, segment: head.segment }
  const payload = canonical({ ...draft, ...place, prev: head.hash })
  return { ...place, session: draft.session, category: draft.category, payload, hash: sha256(payload) }
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
