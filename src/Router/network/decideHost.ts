import { Effect } from "effect"
import type { Decision } from "../../domain/Decision.ts"
import type { PolicyRequest } from "../../Policy.ts"
import type { SessionState } from "../../StateMachine.ts"
import { approve, decide } from "../approvals.ts"
import { followPolicy } from "../followPolicy.ts"
import { type Leaves, subject } from "../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { RouterSession } from "../RouterSession.ts"
import type { NetworkLedger } from "./Network.ts"

/** A connection as the policy is asked about it; `host` is `name:port`. */
export type HostRequest = PolicyRequest & { readonly host: string; readonly tool: string }

const ask = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  { refused }: NetworkLedger,
  request: HostRequest
): Effect.fn.Return<Decision, RouterFailed> {
  const { host, tool } = request
  // Asked again: the answer to another connection may have come while this one waited, or other rules.
  yield* followPolicy(leaves, session, state)
  const decision = yield* decide(leaves, session, state, request)
  if (decision.effect !== "require_review") return decision
  const known = refused.get(host)
  if (known !== undefined) return known
  const { approved, by, reason } = yield* session.review({
    session: session.id,
    kind: "action",
    reason:
      `connect to ${host} for ${tool}, as often as it needs in this session\n${decision.reason} (rule ${decision.rule})`,
    diff: ""
  })
  yield* Effect.mapError(
    leaves.audit.commit({
      ...subject(session.id, state),
      category: "review",
      action: approved ? "action.approved" : "action.rejected",
      actor: "human",
      decision: "require_review",
      rule: decision.rule,
      detail: { what: `network.connect ${host}`, answer: reason.slice(0, 1000), by: by ?? null }
    }),
    fromLeaf("network.connect")
  )
  if (approved) {
    const answer = { approved, reason, scope: "session", ...(by === undefined ? {} : { by }) } as const
    const still = yield* approve(leaves, session, state, [{ request, decision }], answer)
    return still ?? { ...decision, effect: "allow" }
  }
  const no: Decision = {
    ...decision,
    effect: "deny",
    reason: `a human has to approve this and did not: ${decision.reason}`
  }
  refused.set(host, no)
  return no
})

/** Asks the policy, as its files are now, about a connection and, where a rule says so, a human: once for a host in a session, whatever the answer. */
export const decideHost = (
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  ledger: NetworkLedger,
  request: HostRequest
): Effect.Effect<Decision, RouterFailed> =>
  followPolicy(leaves, session, state).pipe(
    Effect.zipRight(decide(leaves, session, state, request)),
    Effect.flatMap((decision) =>
      decision.effect === "require_review"
        ? ledger.asking.withPermits(1)(ask(leaves, session, state, ledger, request))
        : Effect.succeed(decision)
    )
  )
