import { Either } from "effect"
import * as ProjectPath from "../domain/ProjectPath.ts"
import { problemOf } from "../internal/Glob.ts"
import { maxRequests, requestsOf, runExamples } from "./examples.ts"
import { type Example, listOf, type Match, type Rule } from "./Rule.ts"
import { describe } from "./Subject.ts"

/** What is wrong with a rule that has the right shape; `at` leads to the place inside the rule. */
export interface RuleProblem {
  readonly at: ReadonlyArray<string | number>
  readonly problem: string
}

const each = (value: string | ReadonlyArray<string> | undefined, at: RuleProblem["at"]) =>
  (listOf(value) ?? []).map((text, index) => ({ text, at: typeof value === "string" ? at : [...at, index] }))

const ofMatch = (match: Match, at: RuleProblem["at"]): ReadonlyArray<RuleProblem> => [
  ...(Object.keys(match).length === 0
    ? [{ at, problem: "it has no field, so it would match everything; name the actions" }]
    : []),
  ...each(match.path, [...at, "path"]).flatMap(({ at, text }) => {
    const problem = problemOf(text)
    return problem === undefined
      ? []
      : [{ at, problem: `the pattern ${JSON.stringify(text)} can never match: ${problem}` }]
  }),
  ...each(match.command, [...at, "command"]).flatMap(({ at, text }) => {
    const problem = text.includes("/") ? undefined : problemOf(`/${text}`)
    return problem === undefined
      ? []
      : [{ at, problem: `the name ${JSON.stringify(text)} can never match: ${problem}` }]
  }),
  ...(match.args ?? []).flatMap((prefix, index) =>
    typeof prefix !== "string" && prefix.length === 0
      ? [{ at: [...at, "args", index], problem: "an empty prefix would match every command; leave args out to say so" }]
      : []
  )
]

/** What is wrong with an example, of a rule or of an extension. */
export const ofExample = (example: Example, at: RuleProblem["at"]): ReadonlyArray<RuleProblem> => {
  const paths = each(example.path, [...at, "path"]).flatMap(({ at, text }) => {
    const parsed = ProjectPath.parse(text)
    if (Either.isRight(parsed) && parsed.right === text) return []
    const why = Either.isLeft(parsed) ? parsed.left : `write it ${parsed.right}`
    return [{ at, problem: `the example's path ${JSON.stringify(text)} is not one of a project: ${why}` }]
  })
  const count = requestsOf(example).length
  if (count === 0) return [{ at, problem: "the example has an empty list, so it stands for no request" }]
  if (count > maxRequests) return [{ at, problem: `the example's lists stand for more than ${maxRequests} requests` }]
  return paths
}

/** How much work the examples of a rule are, in characters of its match that are compared. */
export const workOf = ({ examples, except, match }: Rule): number =>
  [...examples?.match ?? [], ...examples?.no_match ?? []].reduce((sum, one) => sum + requestsOf(one).length, 0) *
  JSON.stringify([match, except]).length

const failing = (rule: Rule): ReadonlyArray<RuleProblem> =>
  runExamples(rule).filter(({ ok }) => !ok).map(({ index, kind, request }) => ({
    at: ["examples", kind, index],
    problem: `the example ${describe(request)} (phase ${request.phase}, mode ${request.mode}) ` +
      (kind === "match" ? "should match, but the rule does not match it" : "should not match, but the rule matches it")
  }))

/** Every problem of a rule; one of them refuses the file it is in. `tryExamples`: whether one that fails is a problem. */
export const problemsOf = (rule: Rule, tryExamples = true): ReadonlyArray<RuleProblem> => {
  const examples = (["match", "no_match"] as const).flatMap((kind) =>
    (rule.examples?.[kind] ?? []).flatMap((example, index) => ofExample(example, ["examples", kind, index]))
  )
  const shape = [
    ...ofMatch(rule.match, ["match"]),
    ...(rule.except ?? []).flatMap((match, index) => ofMatch(match, ["except", index])),
    ...examples
  ]
  return shape.length > 0 || !tryExamples ? shape : failing(rule)
}
