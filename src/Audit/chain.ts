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

/** An event stamped and made plain, before it has a place in the chain: the RFC 8785 form of its fields around that place. */
export interface Draft {
  readonly session: AuditEvent["session"]
  readonly category: AuditEvent["category"]
  readonly before: string
  readonly rule: string
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

/**
 * Copies an event at a time (ms since the epoch), so that nothing can change it, or break the writer, afterwards.
 * Keys are written in the order of RFC 8785: that takes a third of the time of sorting them for each entry.
 */
export const draft = (event: AuditEvent, at: number): Draft => {
  const { actor, category, decision, mode, phase, rule, session } = event
  const action = clip(event.action, maxText)
  const durationMs = Number.isFinite(event.durationMs) ? event.durationMs : undefined
  const first = JSON.stringify({ action, actor, at: new Date(at).toISOString(), category, decision })
  const second = JSON.stringify({ durationMs, mode, phase })
  return {
    session,
    category,
    before: `${first.slice(0, -1)},"detail":${canonicalDetail(event.detail)},${second.slice(1, -1)}`,
    rule: rule === undefined ? "" : `"rule":${JSON.stringify(clip(rule, maxText))},`
  }
}

/** The entry that follows `head`. */
export const link = (head: Head, { before, category, rule, session }: Draft): Row => {
  const { segment } = head
  const seq = head.seq + 1
  const place = `"segment":${segment},"seq":${seq},"session":${JSON.stringify(session)}`
  const payload = `${before},"prev":${JSON.stringify(head.hash)},${rule}${place}}`
  return { seq, segment, session, category, payload, hash: sha256(payload) }
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
