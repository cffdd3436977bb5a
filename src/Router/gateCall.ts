import { Effect, Option } from "effect"
import type { Change } from "../domain/Change.ts"
import type { Decision } from "../domain/Decision.ts"
import type { ProjectPath } from "../domain/ProjectPath.ts"
import type { ToolName } from "../domain/ToolCall.ts"
import type { PolicyRequest } from "../Policy.ts"
import { canCall, permits, type SessionState } from "../StateMachine.ts"
import { approve, decide, repeatsOf } from "./approvals.ts"
import { what } from "./askPolicy.ts"
import { followPolicy } from "./followPolicy.ts"
import { type Leaves, subject } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import type { RouterOptions } from "./Tool.ts"

/** More of one action than this, in characters, nobody reads. */
const maxShown = 4000

/** One call as the gates see it, before anything runs. `change` is what a writing call is about to do to its path. */
export interface GatedCall {
  /** What a human is told besides, if one is asked; it is looked up only then. */
  readonly about?: Effect.Effect<string, RouterFailed>
  readonly tool: ToolName
  readonly path: ProjectPath | undefined
  readonly change: Change | undefined
  readonly request: Partial<PolicyRequest>
}

/** The question that a call is to the policy. */
export const requestOf = ({ mode, phase }: SessionState, { path, request, tool }: GatedCall): PolicyRequest => ({
  action: tool,
  phase,
  mode,
  tool,
  ...(path === undefined ? {} : { path }),
  ...request
})

const refusedBy = ({ reason, rule }: Decision) => ({
  by: `policy ${rule}`,
  text: `Refused by policy (rule ${rule}): ${reason}`
})

/** Asks the phase, then the policy, then (where a rule says so) a human. The answer is who refused and what the model is told. */
export const gateCall = Effect.fn("Router.gateCall")(function*(
  leaves: Leaves,
  options: RouterOptions,
  session: RouterSession,
  state: SessionState,
  call: GatedCall
): Effect.fn.Return<{ readonly by: string; readonly text: string } | undefined, RouterFailed> {
  const byPhase = Option.orElse(
    canCall(state, call.tool),
    () => call.change === undefined ? Option.none() : permits(state, call.change, options.classify)
  )
  if (Option.isSome(byPhase)) {
    return {
      by: `phase ${state.phase}`,
      text: `Refused by phase ${state.phase}: ${byPhase.value.reason}. ${byPhase.value.possible}`
    }
  }
  return yield* gatePolicy(leaves, session, state, call)
})

const gatePolicy = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  call: GatedCall
): Effect.fn.Return<{ readonly by: string; readonly text: string } | undefined, RouterFailed> {
  const request = requestOf(state, call)
  yield* followPolicy(leaves, session, state)
  const decision = yield* decide(leaves, session, state, request)
  if (decision.effect === "allow") return undefined
  if (decision.effect === "deny") return refusedBy(decision)
  const about = call.about === undefined ? "" : `\n${yield* call.about}`
  const answer = yield* session.review({
    session: session.id,
    kind: "action",
    reason: `${what(request, maxShown)}\n${decision.reason} (rule ${decision.rule})${about}`,
    diff: "",
    repeats: yield* repeatsOf(leaves, [request])
  })
  yield* Effect.mapError(
    leaves.audit.commit({
      ...subject(session.id, state),
      category: "review",
      action: answer.approved ? "action.approved" : "action.rejected",
      actor: "human",
      decision: "require_review",
      rule: decision.rule,
      detail: { what: what(request, 1000), answer: answer.reason.slice(0, 1000), by: answer.by ?? null }
    }),
    fromLeaf(call.tool)
  )
  if (!answer.approved) {
    return {
      by: `review ${decision.rule}`,
      text: `Refused: a human has to approve this (rule ${decision.rule}: ${decision.reason}) and did not${
        answer.reason === "" ? "" : `: ${answer.reason}`
      }.`
    }
  }
  const refused = yield* approve(leaves, session, state, [{ request, decision }], answer)
  return refused === undefined ? undefined : refusedBy(refused)
})

const noHosts = {
  by: "network",
  text: "Refused: there is no network here. A person opens hosts with network: [name, ...] in their own " +
    "~/.config/fluffy/config.yaml and a policy rule; go on without a network."
}

/**
 * Both gates of a call that wants a network. Where the rules changed meanwhile, as they can while a question stands, what the first gate
 * said is over and both are asked anew.
 */
export const gateNetworkCall: typeof gateCall = Effect.fnUntraced(function*(leaves, options, session, state, call) {
  for (;;) {
    const { digest } = yield* followPolicy(leaves, session, state)
    const refused = (yield* gateCall(leaves, options, session, state, call)) ??
      (yield* gateNetwork(leaves, options, session, state, call))
    if (refused !== undefined || (yield* followPolicy(leaves, session, state)).digest === digest) return refused
  }
})

/** Asks the policy, and where a rule says so a human, about the network that a call wants. Where no host is configured there is none. */
export const gateNetwork = (
  leaves: Leaves,
  options: RouterOptions,
  session: RouterSession,
  state: SessionState,
  call: GatedCall
): ReturnType<typeof gateCall> =>
  options.network.hosts.length === 0
    ? Effect.succeed(noHosts)
    : gatePolicy(leaves, session, state, { ...call, request: { ...call.request, action: "network.use" } })
