import { compileRule, matches } from "./CompiledRule.ts"
import type { PolicyRequest } from "./PolicyRule.ts"
import { type Example, listOf, type Rule } from "./Rule.ts"
import { subject } from "./Subject.ts"

/** What one request of an example came to: `ok` when the rule matched and should, or did not and should not. */
export interface ExampleOutcome {
  readonly rule: string
  readonly kind: "match" | "no_match"
  readonly index: number
  readonly request: PolicyRequest
  readonly ok: boolean
}

/** The most requests one example may stand for. */
export const maxRequests = 256

const choices = <A>(values: ReadonlyArray<A> | undefined): ReadonlyArray<A | undefined> => values ?? [undefined]

const argumentLists = (args: Example["args"]): ReadonlyArray<ReadonlyArray<string>> | undefined => {
  if (args === undefined) return undefined
  return args.every((arg) => typeof arg === "string") ? [args] : args as ReadonlyArray<ReadonlyArray<string>>
}

/**
 * The requests an example stands for: every combination of its lists, no more than one above the most. What it leaves out is absent,
 * but for the phase (coding) and the mode (strict), which every request has.
 */
export const requestsOf = (example: Example): ReadonlyArray<PolicyRequest> => {
  const lists = Object.entries({
    action: listOf(example.action),
    phase: choices(listOf(example.phase) ?? ["coding"]),
    mode: choices(listOf(example.mode) ?? ["strict"]),
    path: choices(listOf(example.path)),
    command: choices(listOf(example.command)),
    args: choices(argumentLists(example.args)),
    tool: choices(listOf(example.tool)),
    host: choices(listOf(example.host)),
    caller: choices(listOf(example.caller))
  })
  let requests: ReadonlyArray<Record<string, unknown>> = [{}]
  for (const [field, values = []] of lists) {
    requests = requests.flatMap((request) =>
      values.map((value) => value === undefined ? request : { ...request, [field]: value })
    ).slice(0, maxRequests + 1)
  }
  return requests as ReadonlyArray<Record<string, unknown> & PolicyRequest>
}

/** Tries every example of a rule on the rule alone: whether its match holds and none of its exceptions does. */
export const runExamples = (rule: Rule): ReadonlyArray<ExampleOutcome> => {
  const compiled = compileRule(rule, "user")
  return (["match", "no_match"] as const).flatMap((kind) =>
    (rule.examples?.[kind] ?? []).flatMap((example, index) =>
      requestsOf(example).map((request) => ({
        rule: rule.name,
        kind,
        index,
        request,
        ok: matches(compiled, subject(request)) === (kind === "match")
      }))
    )
  )
}
