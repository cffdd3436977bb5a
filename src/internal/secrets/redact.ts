import type { Span } from "./Span.ts"

/** A text without its secrets, and how many of each kind there were. */
export interface Masked {
  readonly text: string
  readonly found: Readonly<Record<string, number>>
}

/** Adds counts by kind. */
export const addCounts = (a: Masked["found"], b: Masked["found"]): Masked["found"] => {
  const sum: Record<string, number> = { ...a }
  for (const [kind, n] of Object.entries(b)) sum[kind] = (sum[kind] ?? 0) + n
  return sum
}

/** One span for all that overlap, of the kind of the first; in order. */
const merge = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const merged: Array<Span> = []
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1)
    if (last === undefined || span.start >= last.end) merged.push(span)
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end }
  }
  return merged
}

/** Puts `[secret: kind]` in the place of each span, on every line it has. */
export const redact = (text: string, spans: ReadonlyArray<Span>): Masked => {
  let found: Masked["found"] = {}
  let shown = ""
  let at = 0
  for (const { counted, end, kind, start } of merge(spans)) {
    const mask = `[secret: ${kind}]`
    shown += text.slice(at, start) + text.slice(start, end).replace(/[^\r\n]+/g, mask)
    at = end
    if (counted) found = addCounts(found, { [kind]: 1 })
  }
  return { text: shown + text.slice(at), found }
}
