import { Either } from "effect"
import { parseAllowed } from "../domain/NetworkHost.ts"
import { ToolName } from "../domain/ToolCall.ts"
import type { RuleProblem } from "./problems.ts"
import { listOf, type Match } from "./Rule.ts"

type Field = "command" | "host" | "path" | "tool"

const tools: ReadonlySet<string> = new Set(ToolName.literals)

const quote = (value: string) => JSON.stringify(value.slice(0, 80))

const path = (pattern: string) =>
  /\{[^/]*,[^/]*\}/.test(pattern)
    ? `${quote(pattern)}: braces stand for themselves; write a pattern for each`
    : undefined

const command = (name: string) => {
  if (name.includes("/")) {
    return /[*?[]/.test(name) ? `${quote(name)}: where a name has a slash, *, ? and [ stand for themselves` : undefined
  }
  return /\s/.test(name) ? `${quote(name)}: a command is one word; what follows it is matched by args` : undefined
}

const tool = (name: string) =>
  tools.has(name) ? undefined : `${quote(name)} is no tool, so it never matches; known are ${[...tools].join(", ")}`

const host = (name: string) => {
  const parsed = parseAllowed(name.replace(/\.(?=:|$)/, "").replace(/^\*\./, "a."))
  return Either.isRight(parsed) ? undefined : `the host ${quote(name)} never matches: ${parsed.left}`
}

const tests: Readonly<Record<Field, (value: string) => string | undefined>> = { path, command, tool, host }

/** Values that are read otherwise than who wrote them is likely to think: a rule that denies would let all through. */
export const misreadings = (match: Match, at: RuleProblem["at"]): ReadonlyArray<RuleProblem> =>
  (Object.keys(tests) as ReadonlyArray<Field>).flatMap((field) =>
    (listOf(match[field]) ?? []).flatMap((value) => {
      const problem = tests[field](value)
      return problem === undefined ? [] : [{ at: [...at, field], problem }]
    })
  )
