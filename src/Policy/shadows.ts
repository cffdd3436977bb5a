import type { Match, Rule, RuleLayer } from "./Rule.ts"
import type { LayeredRule } from "./RuleSet.ts"
import { covers, fields, values } from "./warnings.ts"

const strength = { allow: 1, require_review: 2, deny: 3 } as const

const says = { allow: "allows", require_review: "asks a human about", deny: "denies" } as const

/** A rule that can never settle anything: `by` says something stronger of all that it matches. */
export interface Shadow<A extends LayeredRule> {
  readonly rule: A
  readonly by: A
  readonly warning: string
}

/** The most pairs of rules that are compared, so that a hostile project cannot hold up the start. */
const maxPairs = 200_000

// Rules that narrow few requests come last, so that a rule is filed under what it asks for most closely.
const closest = ["path", "args", "command", "host", "caller", "tool", "phase", "mode", "action"] as const

type Key = `${(typeof fields)[number]}\0${string}`

/** Files strong rules by the values of one field: a rule one of them covers has its first value of that field among them. */
const fileByValue = <A extends LayeredRule>(rules: ReadonlyArray<A>): ReadonlyMap<Key, ReadonlyArray<A>> => {
  const filed = new Map<Key, Array<A>>()
  for (const one of rules) {
    const field = closest.find((name) => values(one.rule.match, name) !== undefined)
    if (field === undefined) continue
    for (const value of new Set(values(one.rule.match, field))) {
      const found = filed.get(`${field}\0${value}`)
      if (found === undefined) filed.set(`${field}\0${value}`, [one])
      else found.push(one)
    }
  }
  return filed
}

const firstKeys = (match: Match): ReadonlyArray<Key> =>
  fields.flatMap((field): ReadonlyArray<Key> => {
    const [first] = values(match, field) ?? []
    return first === undefined ? [] : [`${field}\0${first}`]
  })

const trust: Readonly<Record<RuleLayer, number>> = { shipped: 0, user: 1, project: 2 }

const isEmpty = ({ match }: Rule): boolean => fields.some((field) => values(match, field)?.length === 0)

/**
 * Finds the rules that can never settle anything since another one without exceptions, of their own layer or a more trusted one, says
 * something stronger of all they match. Only equal words are compared, so none is named wrongly, though some are missed. A layer that
 * tightens what one before it allows does so on purpose.
 */
export const shadowsOf = <A extends LayeredRule>(rules: ReadonlyArray<A>): ReadonlyArray<Shadow<A>> => {
  const filed = fileByValue(
    rules.filter(({ rule }) => rule.effect !== "allow" && (rule.except ?? []).length === 0 && !isEmpty(rule))
  )
  let left = maxPairs
  const isOver = (by: A, one: A): boolean =>
    left-- > 0 && trust[by.layer] <= trust[one.layer] && strength[by.rule.effect] > strength[one.rule.effect] &&
    covers(by.rule.match, one.rule.match)
  return rules.flatMap((one): ReadonlyArray<Shadow<A>> => {
    if (left <= 0 || isEmpty(one.rule) || (one.layer === "project" && one.rule.effect === "allow")) return []
    const by = firstKeys(one.rule.match).flatMap((key) => filed.get(key) ?? []).find((other) => isOver(other, one))
    if (by === undefined) return []
    const { effect, name } = by.rule
    return [{ rule: one, by, warning: `the ${by.layer} rule ${name} ${says[effect]} all that it matches` }]
  })
}
