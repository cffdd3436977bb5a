import { Schema } from "effect"

export const DecisionEffect = Schema.Literal("allow", "deny", "require_review")
export type DecisionEffect = typeof DecisionEffect.Type

/**
 * What the policy said of one request: the rule that settled it ("default" when none matched, "token" and its id when a token did), its
 * layer, every reason given.
 */
export const Decision = Schema.Struct({
  effect: DecisionEffect,
  rule: Schema.String,
  layer: Schema.Literal("builtin", "shipped", "user", "project", "token", "default"),
  reason: Schema.String
})
export type Decision = typeof Decision.Type
