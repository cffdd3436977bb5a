import { Effect } from "effect"
import type { Decision } from "../domain/Decision.ts"
import { mask } from "../internal/Secrets.ts"
import { coverage, type PolicyRequest, problemOfWider, type SavedGrant, scopeOf } from "../Policy.ts"
import type { SessionState } from "../StateMachine.ts"
import { askPolicy } from "./askPolicy.ts"
import { followPolicy } from "./followPolicy.ts"
import type { Held, Leaves } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { ReviewAnswer, ReviewRequest, RouterSession } from "./RouterSession.ts"
import { saveGrant } from "./saveGrant.ts"
import {
  hold,
  present,
  questionOf,
  record,
  type Reviewed,
  settleByHeld,
  type Term,
  terms,
  type Used
} from "./sessionTokens.ts"

export type { Reviewed }

/** What a question offers beyond a yes for once. What holds a secret is never written to a file. */
export const repeatsOf = Effect.fnUntraced(function*(
  leaves: Leaves,
  asked: ReadonlyArray<PolicyRequest>
): Effect.fn.Return<NonNullable<ReviewRequest["repeats"]>> {
  const { found } = yield* mask(JSON.stringify(asked))
  return { asked, always: leaves.policy.grants !== undefined && Object.keys(found).length === 0 }
})

const savedGrants = (leaves: Leaves) =>
  leaves.policy.grants === undefined
    ? Effect.succeed<ReadonlyArray<SavedGrant>>([])
    : Effect.map(leaves.policy.grants.list, ({ grants }) => grants)

/**
 * Asks the policy. Where it wants a human and one has said yes to this for the session, or for always in this project, their token
 * settles it, and that goes on record. A deny is never weighed against a token.
 */
export const decide = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  request: PolicyRequest
): Effect.fn.Return<Decision, RouterFailed> {
  const decision = yield* askPolicy(leaves, session.id, request)
  if (decision.effect !== "require_review") return decision
  const fail = fromLeaf(request.action)
  const grants = yield* savedGrants(leaves)
  const ids = new Set(grants.map(({ id }) => id))
  const question = questionOf(decision)
  const found = grants.find(({ asked, grant }) =>
    questionOf(asked) === question && coverage({ ...grant, ...terms.always })(request)
  )
  const before = yield* settleByHeld(leaves, session, { request, decision }, ids)
  if (before !== undefined) {
    const { one, settled } = before
    const used = { request, decision, id: one.capability.id, saved: one.saved }
    yield* Effect.mapError(leaves.audit.append(record(session, state, "token.used", [used], {})), fail)
    return settled
  }
  if (found === undefined) return decision
  const { held, used } = yield* hold(leaves, session, { request, decision }, found.grant, "always", found.id)
  const detail = { scope: "always", ...terms.always, by: found.by, granted: found.at }
  yield* Effect.mapError(leaves.audit.commit(record(session, state, "token.issued", [used], detail)), fail)
  const settled = yield* present(leaves, session, request, held.capability)
  // Another session may have had other rules taken up since they asked.
  const again = yield* askPolicy(leaves, session.id, request)
  if (again.effect !== "require_review" || questionOf(again) !== question) return again
  yield* Effect.mapError(leaves.audit.append(record(session, state, "token.used", [used], {})), fail)
  return settled
})

/** The refusal of what the rules no longer say of a request what they said when a person was asked. */
export const changed = (request: PolicyRequest): Decision => ({
  effect: "deny",
  rule: "default",
  layer: "default",
  reason: `the rules on ${request.action} changed while this was asked; try again, and they decide anew`
})

/**
 * Turns a human's yes into tokens, on record before anything happens, and decides again with them: undefined when all is allowed, else
 * the first decision that is not. A yes is to what was shown: where the rules changed meanwhile it counts only as far as they still ask
 * the same. Answers for longer are kept for the next time.
 */
export const approve = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  reviewed: ReadonlyArray<Reviewed>,
  { by, scope: wanted = "once", wider }: ReviewAnswer
): Effect.fn.Return<Decision | undefined, RouterFailed> {
  const fail = fromLeaf(reviewed[0]?.request.action ?? "review")
  const requests = reviewed.map(({ request }) => request)
  const sound = wider === undefined || wanted === "once" || problemOfWider(requests, wider) === undefined
  const { always } = yield* repeatsOf(leaves, requests)
  const term: Term = !sound ? "once" : wanted === "always" && !always ? "session" : wanted
  const { digest } = yield* followPolicy(leaves, session, state)
  for (const one of reviewed) {
    const again = yield* askPolicy(leaves, session.id, one.request)
    if (again.effect === "deny") return again
    if (again.effect === "require_review" && questionOf(again) !== questionOf(one.decision)) return changed(one.request)
  }
  const given: Array<Used> = []
  const used: Array<Used> = []
  const kept: Array<Held> = []
  let refused: Decision | undefined
  for (const one of reviewed) {
    let held = kept.find(({ covers, question }) => question === questionOf(one.decision) && covers(one.request))
    if (held === undefined) {
      const scope = scopeOf(one.request, term === "once" ? undefined : wider)
      const saved = term === "always" ? yield* saveGrant(leaves, session, state, one, scope, by) : undefined
      const made = yield* hold(
        leaves,
        session,
        one,
        scope,
        term === "always" && saved === undefined ? "session" : term,
        saved
      )
      held = made.held
      if (term !== "once") kept.push(held)
      given.push(made.used)
    }
    used.push({ ...one, id: held.capability.id })
    const settled = yield* present(leaves, session, one.request, held.capability)
    if (settled.effect !== "allow") refused ??= settled
  }
  const issued = record(session, state, "token.issued", given, { scope: term, ...terms[term], by: by ?? null })
  yield* Effect.mapError(leaves.audit.commit(issued), fail)
  const after = yield* followPolicy(leaves, session, state)
  if (after.digest !== digest) refused ??= changed(reviewed[0]!.request)
  if (refused === undefined) {
    yield* Effect.mapError(leaves.audit.append(record(session, state, "token.used", used, {})), fail)
  }
  return refused
})
