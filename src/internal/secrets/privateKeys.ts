import type { Finder, Span } from "./Span.ts"

const marker = /-----(BEGIN|END) (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g

// What fs.read and search.grep put before a line.
const prefix = /^(?:[^\s:]{1,200}:\d{1,7}:|\s{0,8}\d{1,7}\t)/

// RFC 1421 and RFC 4880 headers, which are no part of the key.
const header = /^[A-Za-z-]{3,20}: [^"'`]{0,200}$/

// Quotes, commas and joining signs of code that holds the key line by line, signs of a diff, and escaped line breaks of JSON.
const before = /^[\s"'`-]*/
const body = /^(?:[A-Za-z0-9+/=]|\\[nr])*/
const after = /^[\s"'`,;+\\]*$/

const leastRun = 40
const maxRuns = 1_000

interface Line {
  readonly start: number
  readonly end: number
}

const linesOf = (text: string, from: number, to: number): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  for (let start = from; start <= to;) {
    const newline = text.indexOf("\n", start)
    const end = newline < 0 || newline > to ? to : newline
    lines.push({ start, end })
    start = end + 1
  }
  return lines
}

/** Where the key's characters stand in a line of a key; undefined where the line is not one. */
const keyIn = (text: string, { end, start }: Line): Line | undefined => {
  const line = text.slice(start, end)
  const shown = prefix.exec(line)?.[0].length ?? 0
  const rest = line.slice(shown)
  if (header.test(rest.trim())) return { start, end: start }
  const at = shown + before.exec(rest)![0].length
  const key = body.exec(line.slice(at))![0]
  return after.test(line.slice(at + key.length)) ? { start: start + at, end: start + at + key.length } : undefined
}

/** The lines of a key from a marker on, up to the first that belongs to none. A marker that is only spoken of has no such lines. */
const block = (text: string, lines: ReadonlyArray<Line>): ReadonlyArray<Span> => {
  const pieces: Array<Line> = []
  let longest = 0
  for (const line of lines) {
    const piece = keyIn(text, line)
    if (piece === undefined) break
    const run = Math.max(...text.slice(piece.start, piece.end).split(/\\[nr]/, maxRuns).map(({ length }) => length))
    if (run > 0) pieces.push(piece)
    longest = Math.max(longest, run)
  }
  if (longest < leastRun) return []
  return pieces.map((piece, index) => ({ ...piece, kind: "private-key", counted: index === 0 }))
}

/** Private keys in PEM form, whole or cut at either end, with line numbers or in quotes. The markers stay. */
export const privateKeys: Finder = (text) => {
  const markers = [...text.matchAll(marker)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    begins: match[1] === "BEGIN"
  }))
  return markers.flatMap((here, index) => {
    if (here.begins) return block(text, linesOf(text, here.end, markers[index + 1]?.start ?? text.length))
    const before = markers[index - 1]
    // What follows a beginning was looked at from there.
    if (before?.begins === true) return []
    return block(text, linesOf(text, before?.end ?? 0, here.start).toReversed())
  })
}
