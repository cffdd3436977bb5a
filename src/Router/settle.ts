import { Effect, Option } from "effect"
import { type Change, type ChangeSet, describe, isEmpty, paths } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { quoteWord } from "../internal/text.ts"
import type { PolicyAction, PolicyRequest } from "../Policy.ts"
import { type Classify, permits, permitsAll, type SessionState } from "../StateMachine.ts"
import { approve, changed, decide, repeatsOf, type Reviewed } from "./approvals.ts"
import { followPolicy } from "./followPolicy.ts"
import { advance, type Leaves, subject } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"

/** What became of the change set of one call: taken whole, or dropped whole with the reasons and who gave them. */
export interface Settlement {
  readonly taken: ReadonlyArray<Change>
  readonly dropped: ReadonlyArray<Change>
  readonly refusals: ReadonlyArray<string>
  readonly by: string | undefined
}

const nothing: Settlement = { taken: [], dropped: [], refusals: [], by: undefined }

const maxNamed = 20

interface Judgement {
  readonly refusals: Array<string>
  readonly reviews: Array<Reviewed & { readonly question: string }>
  by: string | undefined
}

const quoted = (path: ProjectPath) => ProjectPath.make(quoteWord(path))

/** A change for a person: no name can be taken for more of the question than itself. */
const inWords = ({ from, path, ...change }: Change) =>
  describe({ ...change, path: quoted(path), ...(from === undefined ? {} : { from: quoted(from) }) })

/** Asks phase and policy about every path of a change set. The first refusal names who refused. */
const judge = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  tool: PolicyAction,
  classify: Classify,
  set: ChangeSet
): Effect.fn.Return<Judgement, RouterFailed> {
  const judgement: Judgement = { refusals: [], reviews: [], by: undefined }
  const refuse = (by: string, why: string) => {
    judgement.by ??= by
    judgement.refusals.push(why)
  }
  for (const { path, why } of set.forbidden) refuse("workspace", `${path}: ${why}`)
  for (const change of set.changes) {
    const refusal = permits(state, change, classify)
    if (Option.isSome(refusal)) {
      refuse(`phase ${state.phase}`, `${describe(change)}: ${refusal.value.reason}. ${refusal.value.possible}`)
    }
  }
  const whole = permitsAll(state, set.changes, classify)
  if (judgement.by === undefined && Option.isSome(whole)) {
    refuse(`phase ${state.phase}`, `${whole.value.reason}. ${whole.value.possible}`)
  }
  for (const change of set.changes) {
    for (const path of paths(change)) {
      const request: PolicyRequest = { action: "change", phase: state.phase, mode: state.mode, tool, path }
      const decision = yield* decide(leaves, session, state, request)
      if (decision.effect === "deny") refuse(`policy ${decision.rule}`, `${describe(change)}: ${decision.reason}`)
      if (decision.effect === "require_review") {
        const question = `${inWords(change)}: ${decision.reason} (rule ${decision.rule})`
        judgement.reviews.push({ request, decision, question })
      }
    }
  }
  return judgement
})

const detailOf = (tool: string, set: ChangeSet) => ({
  tool,
  changes: set.changes.map((change) => ({
    change: describe(change),
    paths: paths(change),
    sha256: change.after?.sha256 ?? null
  })),
  ignored: set.ignored.length,
  forbidden: set.forbidden
})

/**
 * Gates what one call did to the stage: all of it is taken, or all of it is dropped and the stage restored. Call it only when every
 * process of the call is dead.
 */
export const settle = Effect.fn("Router.settle")(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  tool: PolicyAction,
  classify: Classify
): Effect.fn.Return<Settlement, RouterFailed> {
  const fail = fromLeaf(tool)
  const set = yield* Effect.mapError(session.stage.scan, fail)
  if (isEmpty(set)) return nothing
  const record = { ...subject(session.id, state), category: "change" as const, detail: detailOf(tool, set) }
  const drop = Effect.fnUntraced(function*(refusals: ReadonlyArray<string>, by: string) {
    yield* Effect.mapError(session.stage.reject(set), fail)
    yield* Effect.mapError(
      leaves.audit.commit({
        ...record,
        action: "change.refused",
        actor: "kernel",
        decision: "deny",
        rule: by,
        detail: { ...record.detail, refusals: refusals.slice(0, maxNamed) }
      }),
      fail
    )
    return { ...nothing, dropped: set.changes, refusals: refusals.slice(0, maxNamed), by }
  })

  const { digest } = yield* followPolicy(leaves, session, state)
  const { by, refusals, reviews } = yield* judge(leaves, session, state, tool, classify, set)
  if (by !== undefined) return yield* drop(refusals, by)
  if (reviews.length > 0) {
    const questions = reviews.map(({ question }) => question)
    const answer = yield* session.review({
      session: session.id,
      kind: "change",
      reason: questions.join("\n"),
      diff: "",
      repeats: yield* repeatsOf(leaves, reviews.map(({ request }) => request))
    })
    yield* Effect.mapError(
      leaves.audit.commit({
        ...record,
        category: "review",
        action: answer.approved ? "change.approved" : "change.rejected",
        actor: "human",
        decision: "require_review",
        detail: {
          ...record.detail,
          reviews: questions.slice(0, maxNamed),
          answer: answer.reason,
          by: answer.by ?? null
        }
      }),
      fail
    )
    if (!answer.approved) {
      return yield* drop([`a human said no${answer.reason === "" ? "" : `: ${answer.reason}`}`], "review")
    }
    const refused = yield* approve(leaves, session, state, reviews, answer)
    if (refused !== undefined) return yield* drop([refused.reason], `policy ${refused.rule}`)
    // What the person was not asked about has to be open by the rules of now, too.
    if ((yield* followPolicy(leaves, session, state)).digest !== digest) {
      const now = yield* judge(leaves, session, state, tool, classify, set)
      if (now.by !== undefined) return yield* drop(now.refusals, now.by)
      const unasked = now.reviews.find(({ question }) => !questions.includes(question))
      if (unasked !== undefined) {
        const { reason, rule } = changed(unasked.request)
        return yield* drop([reason], `policy ${rule}`)
      }
    }
  }
  if (set.changes.length > 0) {
    const refused = yield* advance(leaves, session, { _tag: "ChangesAccepted", changes: set.changes }).pipe(
      Effect.as(undefined),
      Effect.catchTag("TransitionRefused", (refusal) => Effect.succeed(refusal))
    )
    if (refused !== undefined) return yield* drop([refused.message], `phase ${refused.phase}`)
  }
  yield* Effect.mapError(session.stage.accept(set), fail)
  yield* Effect.mapError(
    leaves.audit.append({ ...record, action: "change.accepted", actor: "kernel", decision: "allow" }),
    fail
  )
  return { ...nothing, taken: set.changes }
})

/** Drops whatever a test run did to the stage, all but files that git ignores when it did nothing else. */
export const discard = Effect.fn("Router.discard")(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState
): Effect.fn.Return<Settlement, RouterFailed> {
  const fail = fromLeaf("test.run")
  const set = yield* Effect.mapError(session.stage.scan, fail)
  if (isEmpty(set)) return nothing
  if (set.changes.length === 0 && set.forbidden.length === 0) {
    yield* Effect.mapError(session.stage.accept(set), fail)
    return nothing
  }
  yield* Effect.mapError(session.stage.reject(set), fail)
  yield* Effect.mapError(
    leaves.audit.append({
      ...subject(session.id, state),
      category: "change",
      action: "change.discarded",
      actor: "kernel",
      detail: detailOf("test.run", set)
    }),
    fail
  )
  const refusals = set.forbidden.map(({ path, why }) => `${path}: ${why}`)
  return {
    ...nothing,
    dropped: set.changes,
    refusals: refusals.slice(0, maxNamed),
    by: refusals.length > 0 ? "workspace" : undefined
  }
})
