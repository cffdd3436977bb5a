import { Context, type Effect } from "effect"
import type { Decision } from "./domain/Decision.ts"
import type { Explanation, PolicyRequest } from "./Policy/PolicyRule.ts"

export * from "./Policy/PolicyError.ts"
export * from "./Policy/PolicyRule.ts"

/** Decides whether an action or a change may be. What no rule allows is denied; any deny beats any review beats any allow. */
export class Policy extends Context.Tag("fluffy/Policy")<Policy, {
  readonly decide: (request: PolicyRequest) => Effect.Effect<Decision>
  /** The decision with every rule that matched, and every rule of that action that abstained and why. */
  readonly explain: (request: PolicyRequest) => Effect.Effect<Explanation>
}>() {}
