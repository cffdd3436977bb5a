import { Effect } from "effect"
import { Audit } from "../../Audit.ts"
import { describeHunk } from "../../domain/Necessity.ts"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { StateMachine } from "../../StateMachine.ts"
import type { CommandOf } from "../args.ts"
import { auditHere } from "../auditHere.ts"
import { misused } from "../CliFailed.ts"
import { outStyle, print } from "../io.ts"
import { entry } from "../render/entry.ts"
import { list } from "../render/format.ts"
import { sessionId } from "../sessionId.ts"
import { sessionsHere } from "../sessionsHere.ts"

const unknown = (id: string) => misused(`No session ${id} ran here. fluffy session list shows those that did`)

const milestones = new Set(["session", "test", "review", "merge"])

/** `fluffy session show`: where a session stands, and what of it is on record. */
export const run = Effect.fnUntraced(function*({ flags, operands: [text = ""] }: CommandOf<"session show">) {
  const id = yield* sessionId(text)
  const layer = yield* sessionsHere
  const audit = yield* auditHere
  if (layer === undefined || audit.layer === undefined) return yield* unknown(id)
  const state = yield* Effect.flatMap(StateMachine, (stateMachine) => stateMachine.get(id)).pipe(
    Effect.catchIf(
      (error) => error._tag === "StateMachineFailed" && error.reason === "unknown session",
      () => unknown(id)
    ),
    Effect.provide(layer)
  )
  const entries = yield* Effect.flatMap(Audit, (audit) => audit.entries({ session: id })).pipe(
    Effect.provide(audit.layer)
  )
  if (flags.json === true) {
    print(`${escapeJson({ ...state, entries })}\n`)
    return 0
  }
  const { mode, phase, verdict, written } = state
  const { failedBefore = [], removed = [], unmerged = [] } = verdict ?? {}
  const { undemanded = [] } = state.necessity ?? {}
  const rows = [
    ["mode", mode],
    ["phase", phase],
    ["tests", verdict === null ? "none was run" : `${verdict.verdict}: ${escapeLine(verdict.reason)}`],
    ...(failedBefore.length === 0 ? [] : [["", `failing before this session already: ${list(failedBefore)}`]] as const),
    ...(removed.length === 0 ? [] : [["removed", `passed before and do not run any more: ${list(removed)}`]] as const),
    ...(unmerged.length === 0 ? [] : [["unmerged", `not green without ${list(unmerged)}, which git ignores`]] as const),
    ...(undemanded.length === 0
      ? []
      : [["needless", `no test demands ${list(undemanded.map(describeHunk))}`]] as const),
    ["written", Object.keys(written).length === 0 ? "no test" : list(Object.keys(written))]
  ] as const
  print(
    `${outStyle.bold(id)}\n${rows.map(([name, value]) => `  ${outStyle.dim(name.padEnd(9))}${value}`).join("\n")}\n\n`
  )
  for (const found of entries.filter(({ category }) => milestones.has(category))) print(`${entry(found, outStyle)}\n`)
  print(`\nfluffy audit log --session ${id} shows all ${entries.length} entries\n`)
  return 0
})
