import * as Glob from "../internal/Glob.ts"
import { fits, read } from "../internal/GlobPattern.ts"

/** What the phase gate takes a path for; every path is exactly one. */
export type PathClass = "test" | "exempt" | "source" | "secret"

/** Tells the class of a project-relative path. */
export type Classify = (path: string) => PathClass

/** gitignore patterns of each class; what none matches is a source. */
export interface ClassPatterns {
  readonly tests: ReadonlyArray<string>
  readonly exempt: ReadonlyArray<string>
  readonly secrets: ReadonlyArray<string>
}

interface Rule {
  readonly negated: boolean
  readonly matches: (names: ReadonlyArray<string>) => boolean
}

// In .gitignore a pattern that matches a directory takes in all below it. Here that would let `src/app.test.js/evil.js` pass for a
// test, so a pattern speaks of the file itself, and of a directory only where it is written as one (`test/**`, `spec/`).
const ruleOf = (line: string): ReadonlyArray<Rule> => {
  const reading = read(line)
  if (reading.kind !== "pattern") return []
  const { pattern } = reading
  const matches = (names: ReadonlyArray<string>) =>
    pattern.directory
      ? names.some((_, index) => index > 0 && fits(pattern, names, index, true))
      : fits(pattern, names, names.length, false)
  return [{ negated: pattern.negated, matches }]
}

// The last rule that matches decides; unlike in .gitignore, a negation works below a matched directory as well.
const compile = (patterns: ReadonlyArray<string>): (path: string) => boolean => {
  const rules = patterns.flatMap(ruleOf)
  return (path) => {
    const names = path.split("/")
    return rules.findLast((rule) => rule.matches(names))?.negated === false
  }
}

/**
 * Compiles the patterns. A secret is a secret wherever it lies (and whatever its parents are called); then a test pattern wins over an
 * exempt one, so fixtures such as `test/data.json` are held like tests.
 */
export const make = (patterns: ClassPatterns): Classify => {
  const isSecret = Glob.compile(patterns.secrets)
  const isTest = compile(patterns.tests)
  const isExempt = compile(patterns.exempt)
  return (path) => {
    if (path === "." || path === "") return "source"
    if (isSecret(path)) return "secret"
    if (isTest(path)) return "test"
    return isExempt(path) ? "exempt" : "source"
  }
}
