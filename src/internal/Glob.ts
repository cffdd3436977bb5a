import { fits, type GlobPattern, read } from "./GlobPattern.ts"

/** Asks about a path already split at its slashes; `directory` says whether it is one. */
export type Matcher = (names: ReadonlyArray<string>, directory: boolean) => boolean

const patternsOf = (lines: ReadonlyArray<string>): ReadonlyArray<GlobPattern> =>
  lines.flatMap((line) => {
    const reading = read(line)
    return reading.kind === "pattern" ? [reading.pattern] : []
  })

/** `compile` for callers that ask many matchers about one path. */
export const compileSplit = (lines: ReadonlyArray<string>): Matcher => {
  const patterns = patternsOf(lines).toReversed()
  if (patterns.length === 0) return () => false
  return (names, directory) => {
    for (let length = 1; length <= names.length; length++) {
      const inside = length < names.length
      const last = patterns.find((pattern) => fits(pattern, names, length, inside || directory))
      if (last !== undefined && !last.negated) return true
    }
    return false
  }
}

/**
 * Compiles patterns that mean what they mean in `.gitignore` into a test of a project-relative path: last match wins, what lies in
 * a matched directory is matched, `!` cannot reach into one. An empty list matches nothing, as does a malformed pattern. A path that
 * ends in `/` is asked about as a directory. `?` and classes take one Unicode character (git: one byte).
 */
export const compile = (lines: ReadonlyArray<string>): (path: string) => boolean => {
  const matches = compileSplit(lines)
  return (path) => {
    if (path === "." || path === "") return false
    const directory = path.endsWith("/")
    return matches((directory ? path.slice(0, -1) : path).split("/"), directory)
  }
}

/** Why a pattern can never match anything, or undefined when it can. */
export const problemOf = (line: string): string | undefined => {
  const reading = read(line)
  if (reading.kind === "problem") return reading.problem
  return reading.kind === "nothing" ? "it is empty or a comment" : undefined
}
