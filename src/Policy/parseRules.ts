import { Either, ParseResult, Schema } from "effect"
import { type Located, parseYaml, type Place } from "../internal/Yaml.ts"
import { PolicyLoadFailed } from "./PolicyError.ts"
import { problemsOf, workOf } from "./problems.ts"
import { type Rule, RuleFile, type RuleLayer } from "./Rule.ts"
import { warningsOf } from "./warnings.ts"

/** Something in a file that is allowed but surely not meant. */
export interface PolicyWarning {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly rule: string
  readonly warning: string
}

/** The rules of one file, the place of each, and what to tell its author. */
export interface ParsedRules {
  readonly rules: ReadonlyArray<Rule>
  readonly places: ReadonlyArray<Place>
  readonly warnings: ReadonlyArray<PolicyWarning>
}

/** The most a file may hold, in bytes. */
export const maxFileBytes = 1024 * 1024

/** A second or so of work for examples, so that a hostile project cannot hold up the start. */
const maxWork = 20_000_000

const decode = Schema.decodeUnknownEither(RuleFile, { onExcessProperty: "error", errors: "first" })

type Issue = ParseResult.ArrayFormatterIssue

const deepest = (issues: ReadonlyArray<Issue>): Issue =>
  issues.reduce((best, next) => next.path.length > best.path.length ? next : best)

const wording = ({ _tag, message, path }: Issue): string => {
  const name = String(path.at(-1))
  if (_tag === "Unexpected") return `unknown key ${JSON.stringify(name.slice(0, 80))}`
  if (_tag === "Missing") return `${name} is missing`
  if (message.startsWith("Expected ReadonlyArray")) return `${name} must be a list, such as [a, b]`
  return message.length > 300 ? `${message.slice(0, 300)}…` : message
}

const nameOf = (value: unknown, path: ReadonlyArray<PropertyKey>): string | undefined => {
  if (path[0] !== "rules" || typeof path[1] !== "number") return undefined
  const name = (value as { readonly rules: ReadonlyArray<{ readonly name?: unknown } | null> }).rules[path[1]]?.name
  return typeof name === "string" ? JSON.stringify(name.slice(0, 64)).slice(1, -1) : undefined
}

const failure = (
  file: string,
  { locate, value }: Located,
  path: ReadonlyArray<PropertyKey>,
  problem: string,
  which: "key" | "value"
) => {
  const rule = nameOf(value, path)
  return new PolicyLoadFailed({ file, ...locate(path, which), ...(rule === undefined ? {} : { rule }), problem })
}

const twice = (rules: ReadonlyArray<Rule>): number => {
  const names = new Set<string>()
  return rules.findIndex(({ name }) => names.size === names.add(name).size)
}

/**
 * Reads the text of one file; `file` is only its name in messages. The first thing wrong refuses all of it, a failing example too unless
 * `tryExamples` is false.
 */
export const parseRules = (
  file: string,
  text: string,
  layer: RuleLayer,
  tryExamples = true
): Either.Either<ParsedRules, PolicyLoadFailed> =>
  Either.gen(function*() {
    if (Buffer.byteLength(text) > maxFileBytes) {
      return yield* Either.left(new PolicyLoadFailed({ file, line: 0, column: 0, problem: "it is larger than 1 MiB" }))
    }
    const located = yield* Either.mapLeft(parseYaml(text, "policies"), (problem) =>
      new PolicyLoadFailed({ file, ...problem }))
    if (located.value === null || located.value === undefined) {
      return yield* Either.left(
        failure(file, located, [], "it is empty; a policy begins with version: 1 and rules:", "value")
      )
    }
    const { rules } = yield* Either.mapLeft(decode(located.value), (error) => {
      const issue = deepest(ParseResult.ArrayFormatter.formatErrorSync(error))
      const missing = issue._tag === "Missing"
      return failure(
        file,
        located,
        missing ? issue.path.slice(0, -1) : issue.path,
        wording(issue),
        issue._tag === "Unexpected" ? "key" : "value"
      )
    })
    const again = twice(rules)
    if (again >= 0) {
      return yield* Either.left(
        failure(file, located, ["rules", again, "name"], "another rule of this file has this name", "value")
      )
    }
    let work = 0
    for (const [index, rule] of rules.entries()) {
      work += workOf(rule)
      if (work > maxWork) {
        const problem = "the examples of this file up to here take too long to be tried; write fewer, or shorter lists"
        return yield* Either.left(failure(file, located, ["rules", index, "examples"], problem, "key"))
      }
      const [first] = problemsOf(rule, tryExamples)
      if (first !== undefined) {
        return yield* Either.left(failure(file, located, ["rules", index, ...first.at], first.problem, "value"))
      }
    }
    const warnings = rules.flatMap((rule, index) =>
      warningsOf(rule, layer).map(({ at, problem }) => ({
        file,
        ...located.locate(["rules", index, ...at], "key"),
        rule: rule.name,
        warning: problem
      }))
    )
    return {
      rules,
      places: rules.map((_, index) =>
        located.locate(["rules", index, "name"], "key")
      ),
      warnings
    }
  })
