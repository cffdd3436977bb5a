import { Effect } from "effect"
import { advance, type RouterSession } from "../Router.ts"
import type { Parts } from "./Parts.ts"

/** Puts an ending that is no ordinary one on record and the session into `failed`. */
export const abandon = Effect.fnUntraced(function*(
  parts: Pick<Parts, "audit" | "stateMachine">,
  session: RouterSession,
  action: "session.interrupted" | "session.failed" | "session.stopped" | "model.failed",
  reason: string
) {
  const state = yield* advance(parts, session, { _tag: "SessionFailed", reason })
  yield* parts.audit.commit({
    session: session.id,
    category: "session",
    action,
    actor: action === "session.interrupted" ? "human" : "kernel",
    phase: state.phase,
    mode: state.mode,
    detail: { reason: reason.slice(0, 1000) }
  })
})
