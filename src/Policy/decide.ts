import type { Decision, DecisionEffect } from "../domain/Decision.ts"
import type { Moment } from "../internal/time.ts"
import { matches, type Speaker, whyNot } from "./CompiledRule.ts"
import type { Presented } from "./Grant.ts"
import type { Explanation, PolicyRequest } from "./PolicyRule.ts"
import { candidates } from "./RuleIndex.ts"
import { inOrder, type RuleSet } from "./RuleSet.ts"
import { describe, subject } from "./Subject.ts"
import type { Tokens } from "./tokens.ts"

const weight: Readonly<Record<DecisionEffect, number>> = { allow: 1, require_review: 2, deny: 3 }

const byDefault = (request: PolicyRequest): Decision => ({
  effect: "deny",
  rule: "default",
  layer: "default",
  reason: `no rule allows ${describe(request)}; a person can add a rule that does to their own policies ` +
    `(~/.config/fluffy/policies), and "fluffy policy explain" shows which rules were considered`
})

const nobody: ReadonlyArray<Speaker> = []

const settle = (winners: ReadonlyArray<Speaker>): Decision => {
  const [first, ...others] = winners.length > 1 ? winners.toSorted(inOrder) : winners
  const { effect, layer, name, reason } = first!
  if (others.length === 0) return { effect, rule: name, layer, reason }
  return { effect, rule: name, layer, reason: [...new Set([reason, ...others.map((rule) => rule.reason)])].join("; ") }
}

/** Whether a rule is one that may let something happen; a project's own files may only hold it up. */
const grants = (rule: Speaker): boolean => rule.effect !== "deny" && rule.layer !== "project"

/**
 * Decides a request: any deny, else any require_review, else any allow, else deny. Names the first rule of the winning effect in
 * the set's own order and gives the reasons of all of them. A review that only a project asks for, of what no one else grants, is no
 * more than the deny it would be without. An action the kernel does not know is denied. `heard` are the extensions that answered; they
 * count like rules.
 */
export const decide = (set: RuleSet, request: PolicyRequest, heard: ReadonlyArray<Speaker> = nobody): Decision => {
  const index = set.byAction.get(request.action)
  if (index === undefined) return byDefault(request)
  const asked = subject(request)
  let winners: Array<Speaker> = []
  let best = 0
  let granted = false
  const count = (rule: Speaker) => {
    const rank = weight[rule.effect]
    granted ||= grants(rule)
    if (rank < best) return
    if (rank > best) winners = []
    best = rank
    winners.push(rule)
  }
  candidates(index, asked, (rule) => {
    const news = weight[rule.effect] >= best ? !winners.includes(rule) : !granted && grants(rule)
    if (news && matches(rule, asked)) count(rule)
  })
  for (const extension of heard) count(extension)
  const settled = best === weight.deny || granted
  return settled ? settle(winners) : byDefault(request)
}

const deniedByBuiltin = (set: RuleSet, request: PolicyRequest): boolean => {
  const asked = subject(request)
  return set.rules.some((rule) => rule.layer === "builtin" && matches(rule, asked))
}

/**
 * What a token decides. One that holds `now` stands in the place of all rules and extensions but the built-in
 * ones; any other decides nothing (undefined). No use is taken where the token could not help.
 */
export const decideByToken = (
  set: RuleSet,
  tokens: Tokens,
  request: PolicyRequest,
  presented: Presented,
  now: Moment
): Decision | undefined => {
  if (!set.byAction.has(request.action) || deniedByBuiltin(set, request)) return undefined
  const use = tokens.use(presented, request, now)
  if (use === undefined) return undefined
  const reason = `a person allowed this to this session (uses left: ${use.left})`
  return { effect: "allow", rule: `token ${use.id}`, layer: "token", reason }
}

/** The decision, with every rule that matched and every rule of that action that abstained and why. Asks each rule, index or not. */
export const explain = (
  set: RuleSet,
  request: PolicyRequest,
  heard: ReadonlyArray<Speaker> = nobody
): Explanation => {
  const asked = subject(request)
  const relevant = set.rules.filter((rule) => rule.actions === undefined || rule.actions.includes(request.action))
  const judged = relevant.map((rule) => ({ rule, why: whyNot(rule, asked) }))
  const matched = [...judged.filter(({ why }) => why === undefined).map(({ rule }) => rule), ...heard]
  return {
    decision: decide(set, request, heard),
    matched: matched.map(({ effect, layer, name }) => ({ rule: name, layer, effect })),
    abstained: judged.flatMap(({ rule, why }) => why === undefined ? [] : [{ rule: rule.name, why }])
  }
}
