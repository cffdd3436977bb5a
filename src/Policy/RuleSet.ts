import { builtin, type Places } from "./builtin.ts"
import { type CompiledRule, compileRule, type Speaker } from "./CompiledRule.ts"
import type { Extension } from "./extensions/Extension.ts"
import { actions, type Rule, type RuleLayer } from "./Rule.ts"
import { buildIndex, type RuleIndex } from "./RuleIndex.ts"

/** Rules in force together, in an order of their own: the order in which they were given never shows. */
export interface RuleSet {
  readonly rules: ReadonlyArray<CompiledRule>
  readonly byAction: ReadonlyMap<string, RuleIndex>
  readonly extensions: ReadonlyArray<Extension>
}

/** A rule and the layer whose file it was read from. */
export interface LayeredRule {
  readonly layer: RuleLayer
  readonly rule: Rule
}

const layers = ["builtin", "shipped", "user", "project", "default"]

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

/** The one order rules are reported in: by layer, then name, then reason. */
export const inOrder = (a: Speaker, b: Speaker): number =>
  layers.indexOf(a.layer) - layers.indexOf(b.layer) || compare(a.name, b.name) || compare(a.reason, b.reason)

/** Compiles a set; the built-in rules are part of every set. */
export const make = (
  rules: ReadonlyArray<LayeredRule>,
  places?: Places,
  extensions: ReadonlyArray<Extension> = []
): RuleSet => {
  const compiled = [...builtin(places), ...rules.map(({ layer, rule }) => compileRule(rule, layer))].toSorted(inOrder)
  const counting = compiled.filter((rule) => rule.inert === undefined)
  const speaking = (action: string) =>
    counting.filter((rule) => rule.actions === undefined || rule.actions.includes(action))
  return {
    rules: compiled,
    byAction: new Map(actions.map((action) => [action, buildIndex(speaking(action))])),
    extensions: extensions.toSorted((a, b) =>
      layers.indexOf(a.layer) - layers.indexOf(b.layer) || compare(a.name, b.name) || compare(a.file, b.file)
    )
  }
}
