import { type GlobPattern, read } from "./GlobPattern.ts"
import { globstar, type Segment } from "./GlobSegment.ts"

/**
 * Something every path that a pattern fits must have: `top`, it begins with these whole names; `name`, one of its names is this one;
 * `extension`, one of its names ends so, dot included; `start`, one of its names begins with these three letters.
 */
export interface GlobKey {
  readonly kind: "top" | "name" | "extension" | "start"
  readonly text: string
}

const startLength = 3

const ofSegment = (segment: Segment): ReadonlyArray<GlobKey> => {
  if (segment.literal !== undefined) return [{ kind: "name", text: segment.literal }]
  const keys: Array<GlobKey> = []
  const dot = segment.suffix?.lastIndexOf(".") ?? -1
  if (dot >= 0) keys.push({ kind: "extension", text: segment.suffix!.slice(dot) })
  const prefix = segment.prefix ?? ""
  if (prefix.length >= startLength) keys.push({ kind: "start", text: prefix.slice(0, startLength) })
  return keys
}

const ofPattern = ({ anchored, segments }: GlobPattern): ReadonlyArray<GlobKey> => {
  const names = segments.filter((segment) => segment !== globstar)
  const wild = anchored ? segments.findIndex((segment) => segment === globstar || segment.literal === undefined) : 0
  const top = names.slice(0, wild < 0 ? segments.length : wild).map((segment) => segment.literal).join("/")
  return [...names.flatMap(ofSegment), ...(top === "" ? [] : [{ kind: "top" as const, text: top }])]
}

/** For each pattern of a list that can match, the keys it is known by; a path that fits the list has one of them for some pattern. */
export const keysOf = (lines: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<GlobKey>> =>
  lines.flatMap((line) => {
    const reading = read(line)
    return reading.kind === "pattern" && !reading.pattern.negated ? [ofPattern(reading.pattern)] : []
  })

/** Calls `visit` with every key a path has, given its names. */
export const eachKey = (
  names: ReadonlyArray<string>,
  visit: (kind: GlobKey["kind"], text: string) => void
): void => {
  let top = ""
  for (const name of names) {
    top = top === "" ? name : `${top}/${name}`
    visit("top", top)
    visit("name", name)
    const dot = name.lastIndexOf(".")
    if (dot >= 0) visit("extension", name.slice(dot))
    if (name.length >= startLength) visit("start", name.slice(0, startLength))
  }
}
