import { Effect } from "effect"
import type { Decision } from "../domain/Decision.ts"
import { coverage, describeScope, type PolicyRequest, type Scope } from "../Policy.ts"
import type { SessionState } from "../StateMachine.ts"
import { askPolicy, what } from "./askPolicy.ts"
import { type Held, type Leaves, subject } from "./Leaves.ts"
import type { RouterSession } from "./RouterSession.ts"

/** A request that a rule wants a human to see, with the decision that says so. */
export interface Reviewed {
  readonly request: PolicyRequest
  readonly decision: Decision
}

// "Once" is spent by the very call that was asked about; its token lives as long as the kernel takes to get there.
export const terms = {
  once: { uses: 1, ttlMs: 60_000 },
  session: { uses: 100, ttlMs: 8 * 3_600_000 },
  always: { uses: 1000, ttlMs: 24 * 3_600_000 }
} as const

/** How long a yes stands. */
export type Term = keyof typeof terms

/** One command may connect to a host hundreds of times. */
const connectionUses = 1000

const maxNamed = 50

/** A yes answers only the question that it was given to: the same rule, asking for the same reasons. */
export const questionOf = (
  { layer, reason, rule }: Pick<Decision, "rule" | "reason"> & { readonly layer: string }
): string => JSON.stringify([rule, layer, reason])

const holderOf = ({ id, peer }: RouterSession) => ({ session: id, peer: peer ?? "in-process" })

/** A token as the log names it; `scope` is what it covers, `saved` the grant it was made from. */
export type Used = Reviewed & { readonly id: string; readonly scope?: Scope; readonly saved?: string | undefined }

/** What the log is told of tokens: never the tokens. */
export const record = (
  session: RouterSession,
  state: SessionState,
  action: "token.issued" | "token.used",
  given: ReadonlyArray<Used>,
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
    tokens: given.slice(0, maxNamed).map(({ decision, id, request, saved, scope }) => ({
      token: id,
      what: what(request),
      rule: decision.rule,
      ...(scope === undefined ? {} : { covers: describeScope(scope).slice(0, 1000) }),
      ...(saved === undefined ? {} : { grant: saved })
    }))
  }
})

const heldBy = (leaves: Leaves, session: RouterSession): Array<Held> => {
  const held = leaves.approvals.get(session.stage) ?? []
  leaves.approvals.set(session.stage, held)
  return held
}

/** Asks the policy with a token. */
export const present = (
  leaves: Leaves,
  session: RouterSession,
  request: PolicyRequest,
  { token }: Held["capability"]
) => askPolicy(leaves, session.id, request, { ...holderOf(session), token })

/** Makes a token for a session, kept for the next time unless it is for once. */
export const hold = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  { decision, request }: Reviewed,
  scope: Scope,
  term: Term,
  saved?: string
) {
  const grant = {
    ...scope,
    ...terms[term],
    ...(request.action === "network.connect" && term !== "once" ? { uses: connectionUses } : {})
  }
  const capability = yield* leaves.policy.issue(holderOf(session), grant)
  const held: Held = {
    capability,
    question: questionOf(decision),
    covers: coverage(grant),
    ...(saved === undefined ? {} : { saved })
  }
  if (term !== "once") heldBy(leaves, session).push(held)
  return { held, used: { request, decision, id: capability.id, scope, saved } satisfies Used }
})

/** Tries what is held: the first token that holds settles the request, one that is over is forgotten. */
export const settleByHeld = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  { decision, request }: Reviewed,
  saved: ReadonlySet<string>
) {
  const held = heldBy(leaves, session)
  const question = questionOf(decision)
  for (const one of held.filter((each) => each.question === question && each.covers(request))) {
    // A grant that was revoked meanwhile is worth nothing, whatever was made of it.
    const settled = one.saved !== undefined && !saved.has(one.saved)
      ? decision
      : yield* present(leaves, session, request, one.capability)
    if (settled.layer === "token") return { settled, one }
    // Calls that read run together, and another may have forgotten it meanwhile.
    const at = held.indexOf(one)
    if (at >= 0) held.splice(at, 1)
  }
  return undefined
})
