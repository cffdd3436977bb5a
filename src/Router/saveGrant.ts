import { Effect, Either } from "effect"
import type { Person } from "../domain/Person.ts"
import { isoNow } from "../internal/time.ts"
import { describeScope, type Scope } from "../Policy.ts"
import type { SessionState } from "../StateMachine.ts"
import { type Leaves, subject } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import type { Reviewed } from "./sessionTokens.ts"

/** Keeps a yes for always, on record. Where it cannot be kept the person is told, and their yes stands for the session. */
export const saveGrant = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  { decision: { layer, reason, rule }, request }: Reviewed,
  scope: Scope,
  by: Person | undefined
): Effect.fn.Return<string | undefined, RouterFailed> {
  const { grants } = leaves.policy
  if (grants === undefined) return undefined
  const saved = yield* Effect.either(grants.save({ by: by ?? null, asked: { rule, layer, reason }, grant: scope }))
  if (Either.isLeft(saved)) {
    const text = `Your yes stands for this session only: ${saved.left.message}`
    yield* session.emit({ type: "notice", at: yield* isoNow, session: session.id, level: "warning", text })
    return undefined
  }
  const { id } = saved.right
  yield* leaves.audit.commit({
    ...subject(session.id, state),
    category: "policy",
    action: "grant.saved",
    actor: "human",
    decision: "allow",
    rule,
    detail: { grant: id, covers: describeScope(scope).slice(0, 1000), reason, by: by ?? null }
  }).pipe(
    Effect.tapError(() => Effect.ignore(grants.revoke(id))),
    Effect.mapError(fromLeaf(request.action))
  )
  return id
})
