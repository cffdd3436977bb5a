import type { AuditEntry } from "../../Audit.ts"
import { escapeLine } from "../../internal/escape.ts"
import { time } from "./format.ts"
import type { Style } from "./style.ts"

const word = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? ""

const details = (detail: AuditEntry["detail"]): string =>
  // What was asked of the policy is for the replay of `policy apply`; the summary says it to a person.
  Object.entries(detail).filter(([name, value]) => name !== "asked" && value !== null && value !== "")
    .map(([name, value]) => `${name}=${word(value)}`).join(" ")

/** One entry of the log on one line: number, time, who, what, decision, details. */
export const entry = (entry: AuditEntry, style: Style): string => {
  const { action, actor, at, category, decision, detail, durationMs, phase, rule, seq } = entry
  const paint = decision === "deny" ? style.red : decision === "require_review" ? style.yellow : style.green
  const judged = decision === undefined
    ? ""
    : ` ${paint(decision)}${rule === undefined ? "" : ` by ${escapeLine(rule, 80)}`}`
  const took = durationMs === undefined ? "" : style.dim(` (${time(durationMs)})`)
  const what = category === "tool" || action.startsWith(category) ? action : `${category} ${action}`
  return `${String(seq).padStart(6)} ${style.dim(at)} ${actor.padEnd(6)} ${style.dim((phase ?? "-").padEnd(12))} ${
    style.bold(escapeLine(what, 80))
  }${judged}${took} ${escapeLine(details(detail), 300)}`.trimEnd()
}
