import { Effect } from "effect"
import type { Audit, AuditEvent } from "../Audit.ts"
import { addCounts, isSuspicious, type Masked, masker } from "../internal/Secrets.ts"

const maxDepth = 32

const isCounts = (value: unknown): value is Masked["found"] =>
  typeof value === "object" && value !== null && Object.values(value).every((n) => typeof n === "number")

/** The members of what is no leaf, by name; undefined for a leaf. */
const membersOf = (value: unknown): ReadonlyArray<readonly [string, unknown]> | undefined => {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return undefined
  if ("toJSON" in value && typeof value.toJSON === "function") return [["value", value.toJSON()]]
  if (value instanceof Error) return [["name", value.name], ["message", value.message]]
  return Object.entries(value instanceof Map || value instanceof Set ? [...value] : value)
}

const anySuspicious = (value: unknown, depth = 0): boolean => {
  if (typeof value === "string") return isSuspicious(value)
  const members = membersOf(value)
  if (members === undefined) return false
  return depth > maxDepth || members.some(([name, member]) => isSuspicious(name) || anySuspicious(member, depth + 1))
}

/** Copies plain data with every text in it masked. What is nested deeper than the log keeps is left out. */
const copy = (value: unknown, text: (text: string) => string, depth = 0): unknown => {
  if (typeof value === "string") return text(value)
  const members = membersOf(value)
  if (members === undefined) return value
  if (depth > maxDepth) return "[cut, nested too deep]"
  const copied = members.map(([name, member]) => [text(name), copy(member, text, depth + 1)] as const)
  const isList = Array.isArray(value) || value instanceof Map || value instanceof Set
  return isList ? copied.map(([, member]) => member) : Object.fromEntries(copied)
}

const masked = (event: AuditEvent): Effect.Effect<AuditEvent> => {
  const { action, detail, rule } = event
  if (!anySuspicious([action, rule, detail])) return Effect.succeed(event)
  return Effect.map(masker, (mask) => {
    let found: Masked["found"] = {}
    const text = (value: string) => {
      const result = mask(value)
      found = addCounts(found, result.found)
      return result.text
    }
    const plain = copy(detail, text) as AuditEvent["detail"]
    const safe = {
      ...event,
      action: text(action),
      ...(rule === undefined ? {} : { rule: text(rule) }),
      detail: plain
    }
    if (Object.keys(found).length === 0) return safe
    const before = isCounts(detail["masked"]) ? detail["masked"] : {}
    return { ...safe, detail: { ...plain, masked: addCounts(before, found) } }
  })
}

/** The log, so wrapped that no secret reaches it: what was masked in an entry is counted by kind in its detail's `masked`. */
export const maskingAudit = (audit: Audit["Type"]): Audit["Type"] => ({
  ...audit,
  append: (event) => Effect.flatMap(masked(event), audit.append),
  commit: (event) => Effect.flatMap(masked(event), audit.commit)
})
