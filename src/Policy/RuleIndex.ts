import { eachKey } from "../internal/GlobKey.ts"
import { baseName } from "./commandTest.ts"
import type { CompiledRule, RuleKey } from "./CompiledRule.ts"
import type { Subject } from "./Subject.ts"

type Table = Map<string, Array<CompiledRule>>

/** The rules of one action, found by what their paths or commands must have; `always` are asked every time. */
export interface RuleIndex {
  readonly always: ReadonlyArray<CompiledRule>
  readonly tables: Readonly<Record<RuleKey["kind"], Table>>
}

const identity = (key: RuleKey) => `${key.kind}\0${key.text}`

const countKeys = (rules: ReadonlyArray<CompiledRule>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const rule of rules) {
    for (const key of rule.keys?.flat() ?? []) counts.set(identity(key), (counts.get(identity(key)) ?? 0) + 1)
  }
  return counts
}

/** Files every rule under the rarest key of each of its values, so that one look finds few rules. */
export const buildIndex = (rules: ReadonlyArray<CompiledRule>): RuleIndex => {
  const counts = countKeys(rules)
  const always: Array<CompiledRule> = []
  const tables: RuleIndex["tables"] = {
    top: new Map(),
    name: new Map(),
    extension: new Map(),
    start: new Map(),
    command: new Map()
  }
  const rarity = (key: RuleKey) => counts.get(identity(key)) ?? 0
  for (const rule of rules) {
    if (rule.keys === undefined || rule.keys.some((keys) => keys.length === 0)) {
      always.push(rule)
      continue
    }
    for (const keys of rule.keys) {
      const key = keys.reduce((best, next) => rarity(next) < rarity(best) ? next : best)
      const found = tables[key.kind].get(key.text)
      if (found === undefined) tables[key.kind].set(key.text, [rule])
      else if (!found.includes(rule)) found.push(rule)
    }
  }
  return { always, tables }
}

/** Calls `visit` with every rule that may match; some of them twice. */
export const candidates = (
  { always, tables }: RuleIndex,
  subject: Subject,
  visit: (rule: CompiledRule) => void
): void => {
  for (const rule of always) visit(rule)
  const look = (kind: RuleKey["kind"], text: string) => {
    const found = tables[kind].get(text)
    if (found !== undefined) { for (const rule of found) visit(rule) }
  }
  const { command } = subject.request
  if (command !== undefined) look("command", baseName(command))
  eachKey(subject.names, look)
}
