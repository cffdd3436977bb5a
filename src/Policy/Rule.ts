import { Schema } from "effect"
import { Mode, Phase } from "../domain/Phase.ts"
import { ToolName } from "../domain/ToolCall.ts"

/** Where a rule came from, the least trusted last; built-in rules come first and are not written in files. */
export type RuleLayer = "shipped" | "user" | "project"

/** Every action a request can be about. */
export const actions = [...ToolName.literals, "change", "merge", "network.use", "network.connect"] as const

const quote = (value: unknown) => (JSON.stringify(value) ?? String(value)).slice(0, 80)

const saying = (text: (actual: string) => string) => ({
  message: (issue: { readonly actual: unknown }) => ({ message: text(quote(issue.actual)), override: true })
})

const oneOf = <L extends ReadonlyArray<string>>(what: string, literals: L) =>
  Schema.Literal(...literals).annotations(
    saying((actual) => `unknown ${what} ${actual}; known are ${literals.join(", ")}`)
  )

const text = (what: string) =>
  Schema.String.pipe(Schema.pattern(/^[^\x00-\x1f\x7f]{1,1024}$/)).annotations(
    saying((actual) => `${what} must be one line of text, quoted where YAML would read something else, not ${actual}`)
  )

const oneOrMany = <A, I>(item: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.Union(item, Schema.Array(item)), { exact: true })

const argument = Schema.String.annotations(saying((actual) => `an argument must be text, not ${actual}; quote it`))

const fields = {
  path: oneOrMany(text("a path")),
  command: oneOrMany(text("a command")),
  args: Schema.optionalWith(Schema.Union(Schema.Array(argument), Schema.Array(Schema.Array(argument))), {
    exact: true
  }),
  phase: oneOrMany(oneOf("phase", Phase.literals)),
  mode: oneOrMany(oneOf("mode", Mode.literals)),
  tool: oneOrMany(text("a tool")),
  host: oneOrMany(text("a host")),
  caller: oneOrMany(text("a caller"))
}

const action = oneOf("action", actions)

/** What a rule is about: fields are ANDed, the values of a list ORed. */
export const Match = Schema.Struct({ action: oneOrMany(action), ...fields })
export type Match = typeof Match.Type

/** A request as an example writes it; where a list stands, each of its values is tried. */
export const Example = Schema.Struct({ action: Schema.Union(action, Schema.Array(action)), ...fields })
export type Example = typeof Example.Type

/** One rule as a file writes it; see `docs/policy.md`. */
export const Rule = Schema.Struct({
  name: Schema.String.pipe(Schema.pattern(/^(?!default$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)).annotations(
    saying((actual) => `a rule's name is up to 64 letters, digits, dots and dashes, and not "default"; not ${actual}`)
  ),
  match: Match,
  except: Schema.optionalWith(Schema.Array(Match), { exact: true }),
  effect: oneOf("effect", ["allow", "deny", "require_review"] as const),
  reason: Schema.optionalWith(text("a reason"), { exact: true }),
  examples: Schema.optionalWith(
    Schema.Struct({
      match: Schema.optionalWith(Schema.Array(Example), { exact: true }),
      no_match: Schema.optionalWith(Schema.Array(Example), { exact: true })
    }),
    { exact: true }
  )
})
export type Rule = typeof Rule.Type

/** One file of rules. */
export const RuleFile = Schema.Struct({
  version: Schema.Literal(1).annotations(saying((actual) => `version must be 1, not ${actual}`)),
  rules: Schema.Array(Rule)
})

/** A field of a match as a list, absent when the field is. */
export const listOf = <A extends string>(value: A | ReadonlyArray<A> | undefined): ReadonlyArray<A> | undefined =>
  typeof value === "string" ? [value] : value

/** The prefixes `args` names: `[a, b]` is one of two arguments, `[[a], [b]]` are two of one. An empty list has none. */
export const prefixesOf = (args: Match["args"]): ReadonlyArray<ReadonlyArray<string>> | undefined => {
  if (args === undefined || args.length === 0) return args as undefined | ReadonlyArray<never>
  return typeof args[0] === "string" ? [args as ReadonlyArray<string>] : args as ReadonlyArray<ReadonlyArray<string>>
}
