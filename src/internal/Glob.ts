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
  const lastFirst = patternsOf(lines).toReversed()
  return (names, directory) => {
    for (let length = 1; length <= names.length; length++) {
      for (const pattern of lastFirst) {
        if (!fits(pattern, names, length, directory || length < names.length)) continue
        if (!pattern.negated) return true
        break
      }
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
  if (reading.kind === "nothing") return "it is empty or a comment"
  return /^!?(?:.*\/)?\.{1,2}(?:\/|$)/s.test(line.trimEnd()) ? "no path has . or .. in it" : undefined
}
