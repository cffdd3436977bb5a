import { Schema } from "effect"

export const DecisionEffect = Schema.Literal("allow", "deny", "require_review")
export type DecisionEffect = typeof DecisionEffect.Type

/** An extension that was asked and gave no usable answer, so that it counts as a deny: it threw, took too long, answered wrongly or crashed. */
export const ExtensionFailure = Schema.Struct({
  extension: Schema.String,
  layer: Schema.Literal("shipped", "user", "project"),
  failure: Schema.Literal("throw", "timeout", "answer", "crash"),
  problem: Schema.String
})
export type ExtensionFailure = typeof ExtensionFailure.Type

/**
 * What the policy said of one request: the rule that settled it ("default" when none matched, "token" and its id when a token did), its
 * layer, every reason given, and the extensions that failed on the way.
 */
export const Decision = Schema.Struct({
  effect: DecisionEffect,
  rule: Schema.String,
  layer: Schema.Literal("builtin", "shipped", "user", "project", "token", "default"),
  reason: Schema.String,
  failures: Schema.optionalWith(Schema.Array(ExtensionFailure), { exact: true })
})
export type Decision = typeof Decision.Type
