import { Context, Effect, Layer } from "effect"
import type { Decision } from "./domain/Decision.ts"
import { moment } from "./internal/time.ts"
import { decideByToken } from "./Policy/decide.ts"
import { decideWithExtensions, explainWithExtensions } from "./Policy/extensions/hear.ts"
import type { Capability, Grant, Holder, Presented } from "./Policy/Grant.ts"
import { inMemory } from "./Policy/grants/inMemory.ts"
import type { SavedGrants } from "./Policy/grants/SavedGrant.ts"
import { digestOf, type InForce } from "./Policy/InForce.ts"
import type { Standing } from "./Policy/live.ts"
import { PolicyLoadFailed } from "./Policy/PolicyError.ts"
import type { Explanation, PolicyRequest } from "./Policy/PolicyRule.ts"
import { problemsOf } from "./Policy/problems.ts"
import type { Rule, RuleLayer } from "./Policy/Rule.ts"
import * as RuleSet from "./Policy/RuleSet.ts"
import { makeTokens } from "./Policy/tokens.ts"

export type { ExtensionRule } from "./Policy/extensions/ExtensionRule.ts"
export type { ExtensionAnswer } from "./Policy/extensions/Verdict.ts"
export { type Capability, coverage, type Grant, type Holder, type Presented } from "./Policy/Grant.ts"
export type { SavedGrant, SavedGrants } from "./Policy/grants/SavedGrant.ts"
export type { InForce, PolicySource } from "./Policy/InForce.ts"
export * from "./Policy/PolicyError.ts"
export * from "./Policy/PolicyRule.ts"
export type { Rule, RuleLayer } from "./Policy/Rule.ts"
export { describeScope, problemOfWider, type Scope, scopeOf, suggestionsFor, type Wider } from "./Policy/widening.ts"

/** Decides whether an action or a change may be. What no rule allows is denied; any deny beats any review beats any allow. */
export class Policy extends Context.Tag("fluffy/Policy")<Policy, {
  /** A token that holds stands in the place of all rules but the built-in ones; one that does not is ignored. */
  readonly decide: (request: PolicyRequest, presented?: Presented) => Effect.Effect<Decision>
  /** The decision with every rule that matched, and every rule of that action that abstained and why. */
  readonly explain: (request: PolicyRequest) => Effect.Effect<Explanation>
  /** Makes a token for one session and peer: what a person's yes becomes. Never for a model to see. */
  readonly issue: (holder: Holder, grant: Grant) => Effect.Effect<Capability>
  /**
   * Takes up a set that was changed meanwhile, when the whole of it is sound, and tells which one decides from now on. Another set
   * knows none of the tokens made before it.
   */
  readonly refresh: Effect.Effect<InForce>
  /** What a person allowed for always in this project; undefined where there is no place to keep it. */
  readonly grants: SavedGrants | undefined
}>() {}

/** The service over the set that `standing` gives: each decision asks for it once, and so sees exactly one. */
export const makeOver = (
  standing: () => Standing,
  refresh: Effect.Effect<InForce>,
  grants: SavedGrants | undefined
): Policy["Type"] =>
  Policy.of({
    decide: (request, presented) =>
      presented === undefined
        ? Effect.suspend(() => decideWithExtensions(standing().set, request))
        : Effect.flatMap(moment, (now) => {
          const { set, tokens } = standing()
          const decision = decideByToken(set, tokens, request, presented, now)
          return decision === undefined ? decideWithExtensions(set, request) : Effect.succeed(decision)
        }),
    explain: Effect.fn("Policy.explain")((request) => explainWithExtensions(standing().set, request)),
    issue: Effect.fn("Policy.issue")((holder, grant) =>
      Effect.map(moment, (now) => standing().tokens.issue(holder, grant, now))
    ),
    refresh,
    grants
  })

/** The service over a set that stays as it is, with no token in force; grants are kept in memory. */
export const make = (set: RuleSet.RuleSet): Policy["Type"] => {
  const inForce = { digest: digestOf([]), rules: set.rules.length, files: [], warnings: [] }
  const standing = { set, tokens: makeTokens(), inForce }
  return makeOver(() => standing, Effect.succeed(inForce), inMemory())
}

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
