import { Effect } from "effect"
import { Audit, type AuditEntry } from "../../Audit.ts"
import type { SessionId } from "../../domain/SessionId.ts"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { StateMachine } from "../../StateMachine.ts"
import type { CommandOf } from "../args.ts"
import { auditHere } from "../auditHere.ts"
import { outStyle, print, tell } from "../io.ts"
import { sessionsHere } from "../sessionsHere.ts"

/** What a session was started for, as its first entry tells. */
const purposeOf = ({ action, detail }: AuditEntry): string => {
  if (action === "exec.started") return `exec ${String(detail["command"])} ${String(detail["args"])}`.trimEnd()
  return action === "tool.started" ? `tool ${String(detail["tool"])}` : String(detail["task"])
}

/** Whether it was one command or call, whose phase says nothing: what it changes is always dropped. */
const isSingle = (entry: AuditEntry | undefined) => entry?.action === "exec.started" || entry?.action === "tool.started"

/** The first entry of each session. */
const starts = Effect.gen(function*() {
  const { layer } = yield* auditHere
  const found = new Map<SessionId, AuditEntry>()
  if (layer === undefined) return found
  const entries = yield* Effect.flatMap(Audit, (audit) => audit.entries({ category: "session" })).pipe(
    Effect.provide(layer)
  )
  for (const entry of entries) if (entry.session !== null && !found.has(entry.session)) found.set(entry.session, entry)
  return found
})

const paints: Readonly<Record<string, (text: string) => string>> = { done: outStyle.green, failed: outStyle.red }

/** `fluffy session list`: the sessions of this project, newest first. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"session list">) {
  const layer = yield* sessionsHere
  if (layer === undefined) {
    tell("No session ran here yet\n")
    return 0
  }
  const states = yield* Effect.flatMap(StateMachine, (stateMachine) => stateMachine.list).pipe(Effect.provide(layer))
  const started = yield* starts
  for (const { mode, phase, session, verdict } of states.slice(0, flags.last)) {
    const entry = started.get(session)
    const purpose = entry === undefined ? "" : purposeOf(entry)
    if (flags.json === true) {
      print(
        `${escapeJson({ session, at: entry?.at ?? null, mode, phase, verdict: verdict?.verdict ?? null, purpose })}\n`
      )
    } else {
      const stands = isSingle(entry)
        ? outStyle.dim("-".padEnd(13))
        : (paints[phase] ?? outStyle.yellow)(phase.padEnd(13))
      const tests = verdict === null ? "" : verdict.verdict
      print(
        `${session}  ${outStyle.dim(entry?.at ?? "")}  ${mode.padEnd(8)}${stands}${tests.padEnd(6)}${
          escapeLine(purpose, 100)
        }\n`
      )
    }
  }
  return 0
})
