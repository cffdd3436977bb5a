import type { Decision, DecisionEffect } from "../domain/Decision.ts"
import { keysOf } from "../internal/GlobKey.ts"
import { baseName } from "./commandTest.ts"
import { type FieldTest, fieldTests } from "./FieldTest.ts"
import { listOf, type Rule, type RuleLayer } from "./Rule.ts"
import type { Subject } from "./Subject.ts"

/** Where a rule is found: a request it matches has one key of every list. */
export interface RuleKey {
  readonly kind: ReturnType<typeof keysOf>[number][number]["kind"] | "command"
  readonly text: string
}

/** What has a say in a decision: a rule that matched, or an extension that answered. */
export interface Speaker {
  readonly name: string
  readonly layer: Decision["layer"]
  readonly effect: DecisionEffect
  readonly reason: string
}

/** A rule ready to be asked. */
export interface CompiledRule extends Speaker {
  /** The actions it speaks of; undefined is every one. */
  readonly actions: ReadonlyArray<string> | undefined
  readonly tests: ReadonlyArray<FieldTest>
  readonly except: ReadonlyArray<ReadonlyArray<FieldTest>>
  /** Why it never counts, whatever it matches. */
  readonly inert?: string
  /** One list for each value that may match, each with the keys that value is known by; undefined when it must always be asked. */
  readonly keys?: ReadonlyArray<ReadonlyArray<RuleKey>>
}

/** Why an allow rule of a project does not count. */
export const untrustedAllow =
  "allow rules in a project's own files do not count: a cloned project could grant itself anything"

const all = (tests: ReadonlyArray<FieldTest>, subject: Subject): boolean => {
  for (const test of tests) if (!test.test(subject)) return false
  return true
}

/** Whether a rule's match holds and none of its exceptions does. */
export const matches = (rule: CompiledRule, subject: Subject): boolean => {
  if (!all(rule.tests, subject)) return false
  for (const tests of rule.except) if (all(tests, subject)) return false
  return true
}

/** Why a rule said nothing on a request, undefined when it matched and counts. */
export const whyNot = (rule: CompiledRule, subject: Subject): string | undefined => {
  const failed = rule.tests.find((test) => !test.test(subject))
  if (failed !== undefined) return `${failed.field} is not ${failed.wanted}`
  const exception = rule.except.findIndex((tests) => all(tests, subject))
  if (exception >= 0) {
    const fields = rule.except[exception]!.map((test) => `${test.field} is ${test.wanted}`).join(" and ")
    return `exception ${exception + 1} applies: ${fields}`
  }
  return rule.inert
}

const keys = ({ match }: Rule): Pick<CompiledRule, "keys"> => {
  const paths = listOf(match.path)
  if (paths !== undefined) return { keys: keysOf(paths) }
  const commands = listOf(match.command)
  if (commands === undefined || commands.some((name) => /[*?[\\]/.test(baseName(name)))) return {}
  return { keys: commands.map((name) => [{ kind: "command" as const, text: baseName(name) }]) }
}

const says = { allow: "allows", deny: "denies", require_review: "asks a human about" } as const

/**
 * Compiles a rule. Where it takes (deny, require_review) commands are read widely and exceptions narrowly; where it grants, the other
 * way round: doubt never turns into permission.
 */
export const compileRule = (rule: Rule, layer: RuleLayer): CompiledRule => {
  const takes = rule.effect !== "allow"
  return {
    name: rule.name,
    layer,
    effect: rule.effect,
    reason: rule.reason ?? `the ${layer} rule ${rule.name} ${says[rule.effect]} this`,
    actions: listOf(rule.match.action),
    tests: fieldTests(rule.match, takes),
    except: (rule.except ?? []).map((match) => fieldTests(match, !takes)),
    ...(layer === "project" && rule.effect === "allow" ? { inert: untrustedAllow } : {}),
    ...keys(rule)
  }
}
