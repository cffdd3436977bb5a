import { untrustedAllow } from "./CompiledRule.ts"
import { misreadings } from "./misreadings.ts"
import type { RuleProblem } from "./problems.ts"
import { listOf, type Match, prefixesOf, type Rule, type RuleLayer } from "./Rule.ts"

/** Every field a match can have. */
export const fields = ["action", "path", "command", "args", "phase", "mode", "tool", "host", "caller"] as const

/** The values of one field, prefixes of arguments as text; undefined when the match does not name it. */
export const values = (match: Match, field: (typeof fields)[number]): ReadonlyArray<string> | undefined =>
  field === "args"
    ? prefixesOf(match.args)?.map((prefix) => JSON.stringify(prefix))
    : listOf(match[field] as string | ReadonlyArray<string> | undefined)

/** Whether whatever `inner` matches, `outer` matches by its very words. */
export const covers = (outer: Match, inner: Match): boolean =>
  fields.every((field) => {
    const wide = values(outer, field)
    if (wide === undefined) return true
    // A `!` pattern depends on its neighbours, so only equal path lists are compared then.
    const narrow = values(inner, field)
    if (narrow === undefined) return false
    if (field === "path" && wide.some((path) => path.startsWith("!"))) return wide.join("\0") === narrow.join("\0")
    return narrow.every((value) => wide.includes(value))
  })

const empty = (match: Match, at: RuleProblem["at"]): ReadonlyArray<RuleProblem> =>
  fields.filter((field) => values(match, field)?.length === 0).map((field) => ({
    at: [...at, field],
    problem: `the list of ${field} is empty, so this never matches`
  }))

const pathless: ReadonlySet<string> = new Set(["task.complete", "network.connect"])
const commandless: ReadonlySet<string> = new Set([
  "fs.read",
  "fs.list",
  "fs.exists",
  "search.grep",
  "search.glob",
  "fs.write",
  "fs.edit",
  "task.complete",
  "merge",
  "change",
  "network.connect"
])

// A call is of its own tool; what it changes or reaches is of any.
const mayHaveTool = (action: string, tools: ReadonlyArray<string>): boolean =>
  action === "change" || action.startsWith("network.") || tools.includes(action)

const senseless = (match: Match): ReadonlyArray<RuleProblem> => {
  const actions = listOf(match.action) ?? []
  if (actions.length === 0) return []
  const wanted = listOf(match.tool)
  const names = actions.join(", ")
  const never = (
    field: string,
    what: string
  ) => [{ at: ["match", field], problem: `${names} never has ${what}: this rule never matches` }]
  return [
    ...(match.path !== undefined && actions.every((action) => pathless.has(action)) ? never("path", "a path") : []),
    ...(match.command !== undefined && actions.every((action) => commandless.has(action))
      ? never("command", "a command")
      : []),
    ...(match.args !== undefined && actions.every((action) => commandless.has(action))
      ? never("args", "arguments")
      : []),
    ...(match.host !== undefined && !actions.includes("network.connect") ? never("host", "a host") : []),
    ...(wanted !== undefined && wanted.length > 0 && actions.every((action) => !mayHaveTool(action, wanted))
      ? never("tool", actions.every((action) => action === "merge") ? "a tool" : "a tool but its own")
      : [])
  ]
}

const onlyNegated = (match: Match): ReadonlyArray<RuleProblem> => {
  const paths = listOf(match.path) ?? []
  if (paths.length === 0 || paths.some((path) => !path.startsWith("!"))) return []
  return [{
    at: ["match", "path"],
    problem: "every pattern begins with !, so nothing is left to match: this rule never matches"
  }]
}

/** What is allowed but surely not meant. */
export const warningsOf = (rule: Rule, layer: RuleLayer): ReadonlyArray<RuleProblem> => [
  ...empty(rule.match, ["match"]),
  ...(rule.except ?? []).flatMap((match, index) => empty(match, ["except", index])),
  ...(rule.except ?? []).flatMap((match, index) =>
    covers(match, rule.match)
      ? [{ at: ["except", index], problem: "it excepts all that the rule matches: this rule never matches" }]
      : []
  ),
  ...senseless(rule.match),
  ...misreadings(rule.match, ["match"]),
  ...(rule.except ?? []).flatMap((match, index) => misreadings(match, ["except", index])),
  ...onlyNegated(rule.match),
  ...(layer === "project" && rule.effect === "allow" ? [{ at: ["effect"], problem: untrustedAllow }] : [])
]
