import { Effect } from "effect"
import { resolve } from "node:path"
import { escapeLine } from "../internal/escape.ts"
import type { PolicyLoadFailed } from "../Policy.ts"
import * as PolicyYaml from "../Policy/Yaml.ts"
import { configure } from "./configure.ts"
import { errStyle, tell } from "./io.ts"

/** The files named, as if they were the user's own; or, when none is, those in force here. */
export const policyFiles = Effect.fnUntraced(function*(named: ReadonlyArray<string>) {
  if (named.length > 0) return named.map((file): PolicyYaml.PolicyFile => ({ layer: "user", file: resolve(file) }))
  const { options } = yield* configure({})
  return yield* PolicyYaml.list(options.policies)
})

/** Tells what is wrong with files, one line each. */
export const tellProblems = (problems: ReadonlyArray<PolicyLoadFailed>): void => {
  for (const problem of problems) tell(`${errStyle.red("error:")} ${escapeLine(problem.message, 1000)}\n`)
}

/** A problem for a program. */
export const problemFields = ({ column, file, line, problem, rule }: PolicyLoadFailed) => ({
  file,
  line,
  column,
  rule: rule ?? null,
  problem
})
