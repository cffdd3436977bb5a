import { Context, Effect, Layer } from "effect"
import type { Decision } from "./domain/Decision.ts"
import { decide, explain } from "./Policy/decide.ts"
import { PolicyLoadFailed } from "./Policy/PolicyError.ts"
import type { Explanation, PolicyRequest } from "./Policy/PolicyRule.ts"
import { problemsOf } from "./Policy/problems.ts"
import type { Rule, RuleLayer } from "./Policy/Rule.ts"
import * as RuleSet from "./Policy/RuleSet.ts"

export * from "./Policy/PolicyError.ts"
export * from "./Policy/PolicyRule.ts"
export type { Rule, RuleLayer } from "./Policy/Rule.ts"

/** Decides whether an action or a change may be. What no rule allows is denied; any deny beats any review beats any allow. */
export class Policy extends Context.Tag("fluffy/Policy")<Policy, {
  readonly decide: (request: PolicyRequest) => Effect.Effect<Decision>
  /** The decision with every rule that matched, and every rule of that action that abstained and why. */
  readonly explain: (request: PolicyRequest) => Effect.Effect<Explanation>
}>() {}

/** The service over a compiled set. */
export const make = (set: RuleSet.RuleSet): Policy["Type"] =>
  Policy.of({
    decide: (request) => Effect.sync(() => decide(set, request)),
    explain: Effect.fn("Policy.explain")((request) => Effect.sync(() => explain(set, request)))
  })

/**
 * Rules held in memory, the built-in ones added: for tests, and for an app that embeds the kernel. A rule that a file could not hold
 * is a defect.
 */
export const layerMemory = (rules: ReadonlyArray<Rule>, layer: RuleLayer = "user"): Layer.Layer<Policy> =>
  Layer.effect(
    Policy,
    Effect.gen(function*() {
      for (const rule of rules) {
        const [first] = problemsOf(rule)
        if (first === undefined) continue
        const problem = `${first.at.join(".")}: ${first.problem}`
        return yield* Effect.die(
          new PolicyLoadFailed({ file: "rules in memory", line: 0, column: 0, rule: rule.name, problem })
        )
      }
      return make(RuleSet.make(rules.map((rule) => ({ layer, rule }))))
    })
  )
