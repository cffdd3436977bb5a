import { readClass } from "./GlobClass.ts"
import { globstar, type Segment, segment, type Token } from "./GlobSegment.ts"

/** One line of a `.gitignore`, read. `anchored` patterns are compared from the top, others with the last name only. */
export interface GlobPattern {
  readonly negated: boolean
  readonly directory: boolean
  readonly anchored: boolean
  readonly segments: ReadonlyArray<Segment | typeof globstar>
}

/** What reading a line gave: a pattern, nothing (blank or comment), or why it can never match. */
export type Reading =
  | { readonly kind: "pattern"; readonly pattern: GlobPattern }
  | { readonly kind: "nothing" }
  | { readonly kind: "problem"; readonly problem: string }

const problem = (problem: string): Reading => ({ kind: "problem", problem })

const withoutTrailingSpaces = (line: string): string => {
  let end = line.length
  while (end > 0 && line[end - 1] === " ") {
    let slashes = 0
    while (line[end - 2 - slashes] === "\\") slashes++
    if (slashes % 2 === 1) break
    end--
  }
  return line.slice(0, end)
}

const tokenize = (text: string): ReadonlyArray<ReadonlyArray<Token>> | string => {
  const characters = Array.from(text)
  const segments: Array<Array<Token>> = [[]]
  for (let at = 0; at < characters.length; at++) {
    const escaped = characters[at] === "\\"
    if (escaped) at++
    const character = characters[at]
    if (character === undefined) return "it ends in a backslash"
    if (character === "/") segments.push([])
    else if (escaped) segments.at(-1)!.push({ literal: character })
    else if (character === "?") segments.at(-1)!.push("one")
    else if (character === "*") segments.at(-1)!.push("many")
    else if (character === "[") {
      const read = readClass(characters, at)
      if (read === undefined) return "its [ is never closed, or names an unknown class"
      segments.at(-1)!.push(read.set)
      at = read.end - 1
    } else segments.at(-1)!.push({ literal: character })
  }
  return segments
}

const isGlobstar = (tokens: ReadonlyArray<Token>) => tokens.length > 1 && tokens.every((token) => token === "many")

/** Reads one line the way git does; see gitignore(5). */
export const read = (line: string): Reading => {
  if (line.startsWith("#")) return { kind: "nothing" }
  let text = withoutTrailingSpaces(line)
  const negated = text.startsWith("!")
  if (negated) text = text.slice(1)
  if (text === "") return { kind: "nothing" }
  const directory = text.endsWith("/")
  if (directory) text = text.slice(0, -1)
  const anchored = text.includes("/")
  if (text.startsWith("/")) text = text.slice(1)
  if (text === "") return problem("it names no path")
  const tokens = tokenize(text)
  if (typeof tokens === "string") return problem(tokens)
  if (tokens.some((part) => part.length === 0)) return problem("it has an empty name between two slashes")
  const segments = tokens.map((part) => anchored && isGlobstar(part) ? globstar : segment(part))
  // A `**` at the end stands for what is inside, never for the directory itself.
  if (segments.at(-1) === globstar) segments.push(segment(["many"]))
  return { kind: "pattern", pattern: { negated, directory, anchored, segments } }
}

/** Whether the first `length` names of a path are what an anchored pattern says, all of it. */
const fromTheTop = (segments: GlobPattern["segments"], names: ReadonlyArray<string>, length: number): boolean => {
  let at = 0
  let star = -1
  let resume = 0
  for (let name = 0; name < length;) {
    const current = segments[at]
    if (current === globstar) {
      star = at++
      resume = name
    } else if (current !== undefined && current.test(names[name]!)) {
      at++
      name++
    } else if (star >= 0) {
      at = star + 1
      name = ++resume
    } else return false
  }
  while (segments[at] === globstar) at++
  return at === segments.length
}

/** Whether a pattern fits the first `length` names of a path taken as one entry, which is a directory or is not. */
export const fits = (
  pattern: GlobPattern,
  names: ReadonlyArray<string>,
  length: number,
  directory: boolean
): boolean => {
  if (pattern.directory && !directory) return false
  if (pattern.anchored) return fromTheTop(pattern.segments, names, length)
  return (pattern.segments[0] as Segment).test(names[length - 1]!)
}
