import { Effect } from "effect"
import type { Decision } from "../domain/Decision.ts"
import type { Capability, Grant, PolicyRequest } from "../Policy.ts"
import type { SessionState } from "../StateMachine.ts"
import { askPolicy, what } from "./askPolicy.ts"
import { type Leaves, subject } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { ReviewAnswer, RouterSession } from "./RouterSession.ts"

/** A request that a rule wants a human to see, with the decision that says so. */
export interface Reviewed {
  readonly request: PolicyRequest
  readonly decision: Decision
}

// "Once" is spent by the very call that was asked about; its token lives as long as the kernel takes to get there.
const terms = {
  once: { uses: 1, ttlMs: 60_000 },
  session: { uses: 100, ttlMs: 8 * 3_600_000 }
} as const

/** A yes to a host is for the session, and one command may connect hundreds of times. */
const connectionUses = 1000

const maxNamed = 50

/** The same request asked about for the same reasons: only that is not asked again. */
const keyOf = ({ decision, request: { action, args, caller, command, host, path, tool } }: Reviewed): string =>
  JSON.stringify([action, tool, path, command, args, host, caller, decision.rule, decision.layer, decision.reason])

const grantOf = (
  { action, args = [], command, host, path, tool }: PolicyRequest,
  scope: keyof typeof terms
): Grant => ({
  action,
  exact: true,
  ...(path === undefined ? {} : { path: [path] }),
  ...(command === undefined ? {} : { command: [command, ...args] }),
  ...(host === undefined ? {} : { host }),
  ...(tool === undefined ? {} : { tool }),
  ...terms[scope],
  ...(action === "network.connect" && scope === "session" ? { uses: connectionUses } : {})
})

const holderOf = ({ id, peer }: RouterSession) => ({ session: id, peer: peer ?? "in-process" })

const record = (
  session: RouterSession,
  state: SessionState,
  action: "token.issued" | "token.used",
  given: ReadonlyArray<Reviewed & { readonly id: string }>,
  more: Readonly<Record<string, unknown>>
) => ({
  ...subject(session.id, state),
  category: "policy" as const,
  action,
  actor: action === "token.issued" ? "human" as const : "model" as const,
  decision: "allow" as const,
  detail: {
    ...more,
    count: given.length,
    tokens: given.slice(0, maxNamed).map(({ decision, id, request }) => ({
      token: id,
      what: what(request),
      rule: decision.rule
    }))
  }
})

const present = (leaves: Leaves, session: RouterSession, request: PolicyRequest, { token }: Capability) =>
  askPolicy(leaves, session.id, request, { ...holderOf(session), token })

/**
 * Asks the policy. Where it wants a human and one has said yes to exactly this for the whole session, their token settles it, and that
 * goes on record. A deny is never weighed against a token.
 */
export const decide = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  request: PolicyRequest
): Effect.fn.Return<Decision, RouterFailed> {
  const decision = yield* askPolicy(leaves, session.id, request)
  if (decision.effect !== "require_review") return decision
  const held = leaves.approvals.get(session.stage)
  const key = keyOf({ request, decision })
  const capability = held?.get(key)
  if (capability === undefined) return decision
  const settled = yield* present(leaves, session, request, capability)
  if (settled.layer !== "token") {
    held?.delete(key)
    return settled
  }
  const used = record(session, state, "token.used", [{ request, decision, id: capability.id }], {})
  yield* Effect.mapError(leaves.audit.append(used), fromLeaf(request.action))
  return settled
})

/**
 * Turns a human's yes into tokens, on record before anything happens, and decides again with them: undefined when all is allowed, else
 * the first decision that is not. Answers for the session are kept for the next time.
 */
export const approve = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  reviewed: ReadonlyArray<Reviewed>,
  { scope = "once" }: ReviewAnswer
): Effect.fn.Return<Decision | undefined, RouterFailed> {
  const held = leaves.approvals.get(session.stage) ?? new Map<string, Capability>()
  leaves.approvals.set(session.stage, held)
  const given: Array<Reviewed & { readonly id: string }> = []
  let refused: Decision | undefined
  for (const one of reviewed) {
    const capability = yield* leaves.policy.issue(holderOf(session), grantOf(one.request, scope))
    if (scope === "session") held.set(keyOf(one), capability)
    given.push({ ...one, id: capability.id })
    const settled = yield* present(leaves, session, one.request, capability)
    if (settled.effect !== "allow") refused ??= settled
  }
  const fail = fromLeaf(reviewed[0]?.request.action ?? "review")
  const issued = record(session, state, "token.issued", given, { scope, ...terms[scope] })
  yield* Effect.mapError(leaves.audit.commit(issued), fail)
  if (refused === undefined) {
    yield* Effect.mapError(leaves.audit.append(record(session, state, "token.used", given, {})), fail)
  }
  return refused
})
