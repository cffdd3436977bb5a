import { Effect } from "effect"
import { escapeJson } from "../../internal/escape.ts"
import { StateMachine } from "../../StateMachine.ts"
import type { CommandOf } from "../args.ts"
import { outStyle, print, tell } from "../io.ts"
import { sessionsHere } from "../sessionsHere.ts"

/** `fluffy session list`: the sessions of this project, newest first. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"session list">) {
  const layer = yield* sessionsHere
  const found = layer === undefined
    ? []
    : yield* Effect.flatMap(StateMachine, (stateMachine) => stateMachine.list).pipe(Effect.provide(layer))
  const sessions = found.slice(0, flags.last)
  if (sessions.length === 0) tell("No session ran here yet\n")
  for (const { mode, phase, session, verdict } of sessions) {
    if (flags.json === true) print(`${escapeJson({ session, mode, phase, verdict: verdict?.verdict ?? null })}\n`)
    else {
      const paint = phase === "done" ? outStyle.green : phase === "failed" ? outStyle.red : outStyle.yellow
      print(`${session}  ${mode.padEnd(8)}${paint(phase.padEnd(13))}${verdict === null ? "no test run" : verdict.verdict}\n`)
    }
  }
  return 0
})
