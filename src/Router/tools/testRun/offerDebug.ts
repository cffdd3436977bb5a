import { Effect } from "effect"
import type { SessionState } from "../../../StateMachine.ts"
import { advance, subject } from "../../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../../RouterError.ts"
import type { ToolContext } from "../../Tool.ts"

const redsBeforeOffer = 3

/** After every third red run in a row while coding, asks a human whether to lift the test-first gate; only a yes changes the mode. */
export const offerDebug = Effect.fnUntraced(function*(
  { leaves, session }: ToolContext,
  state: SessionState
): Effect.fn.Return<SessionState, RouterFailed> {
  if (state.mode !== "strict" || state.reds === 0 || state.reds % redsBeforeOffer !== 0) return state
  const answer = yield* session.review({
    session: session.id,
    kind: "debug",
    reason:
      `${state.reds} red runs in a row. Lift the test-first gate for this session (debug mode)? Policy, sandbox, record and review stay.`,
    diff: ""
  })
  if (!answer.approved) {
    yield* leaves.audit.commit({
      ...subject(session.id, state),
      category: "review",
      action: "debug.rejected",
      actor: answer.by === undefined ? "kernel" : "human",
      detail: { reds: state.reds, by: answer.by ?? null }
    }).pipe(Effect.mapError(fromLeaf("test.run")))
    return state
  }
  return yield* advance(leaves, session, { _tag: "ModeChanged", mode: "debug", by: "human" }, answer.by).pipe(
    Effect.catchTag("TransitionRefused", () => Effect.succeed(state))
  )
})
