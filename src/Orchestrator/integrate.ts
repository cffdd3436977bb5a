import { Effect } from "effect"
import { type Change, paths } from "../domain/Change.ts"
import { describeHunk } from "../domain/Necessity.ts"
import type { Person } from "../domain/Person.ts"
import type { SessionId } from "../domain/SessionId.ts"
import { compile } from "../internal/Glob.ts"
import { shellWord } from "../internal/shellWord.ts"
import { count, quoteWord } from "../internal/text.ts"
import { isoNow } from "../internal/time.ts"
import { advance, askPolicy, followPolicy, type RouterSession } from "../Router.ts"
import type { SessionState } from "../StateMachine.ts"
import { fromKernel, type OrchestratorFailed } from "./OrchestratorError.ts"
import type { Parts } from "./Parts.ts"
import type { OrchestratorOptions } from "./TaskRequest.ts"

/** What became of a session's work: in the project, held back by a human or a conflict, or denied by policy. */
export type Integration =
  | { readonly _tag: "Merged"; readonly changed: ReadonlyArray<string> }
  | { readonly _tag: "Rejected"; readonly reason: string; readonly patch: string }
  | { readonly _tag: "Denied"; readonly reason: string }
  | { readonly _tag: "Conflict"; readonly reason: string }

interface Assessment {
  readonly denied: ReadonlyArray<string>
  readonly questions: ReadonlyArray<string>
}

const maxNamed = 10

const some = (names: ReadonlyArray<string>) =>
  `${names.slice(0, maxNamed).join(", ")}${names.length > maxNamed ? ` and ${names.length - maxNamed} more` : ""}`

/** Why a human has to see the diff, if so: the verdict, sensitive paths, rules, or its size. */
const assess = Effect.fnUntraced(function*(
  parts: Parts,
  options: OrchestratorOptions,
  state: SessionState,
  changes: ReadonlyArray<Change>,
  lines: number,
  session: SessionId
): Effect.fn.Return<Assessment, OrchestratorFailed> {
  const denied: Array<string> = []
  const questions: Array<string> = []
  if (state.verdict?.verdict !== "green") questions.push("no green test run: only documents or configuration changed")
  if (state.verdict?.partial === true) questions.push("the last test run was of a part of the tests only")
  const removed = state.verdict?.removed ?? []
  if (removed.length > 0) {
    questions.push(`${count(removed.length, "test")} that passed before do not run any more: ${some(removed)}`)
  }
  const unmerged = state.verdict?.unmerged ?? []
  if (unmerged.length > 0) {
    questions.push(`the tests are green only with files that git ignores and a merge leaves out: ${some(unmerged)}`)
  }
  const { unchecked = 0, undemanded = [] } = state.necessity ?? {}
  if (options.necessity === "require" && unchecked > 0) {
    questions.push(`${count(unchecked, "source hunk")} could not be taken back alone to see whether a test demands it`)
  }
  if (state.mode === "debug") questions.push("the test-first gate was lifted (debug mode)")
  if (lines > options.maxChangedLines) questions.push(`${lines} changed lines, more than ${options.maxChangedLines}`)
  const isSensitive = compile(options.sensitive)
  for (const path of changes.flatMap(paths)) {
    const request = { action: "merge", phase: state.phase, mode: state.mode, path } as const
    const decision = yield* Effect.mapError(askPolicy(parts, session, request), fromKernel)
    if (decision.effect === "deny") denied.push(`${path}: ${decision.reason} (rule ${decision.rule})`)
    else if (decision.effect === "require_review") {
      questions.push(`${quoteWord(path)}: ${decision.reason} (rule ${decision.rule})`)
    } else if (isSensitive(path)) questions.push(`${quoteWord(path)}: sensitive file`)
  }
  if (questions.length > 0 && undemanded.length > 0) {
    questions.push(`not demanded by any test: ${some(undemanded.map(describeHunk))}`)
  }
  return { denied, questions }
})

/** Reviews a session in phase `reviewing` (by the automatic criteria, else by asking) and merges it into the project. */
export const integrate = Effect.fn("Orchestrator.integrate")(function*(
  parts: Parts,
  options: OrchestratorOptions,
  session: RouterSession,
  state: SessionState
): Effect.fn.Return<Integration, OrchestratorFailed> {
  const changes = yield* Effect.mapError(session.stage.changes, fromKernel)
  const { lines, patch } = yield* Effect.mapError(session.stage.diff, fromKernel)
  const record = {
    session: session.id,
    phase: state.phase,
    mode: state.mode,
    detail: { files: changes.length, lines, paths: changes.flatMap(paths).slice(0, 200) }
  }
  const reject = (reason: string) =>
    Effect.mapError(
      advance(parts, session, { _tag: "ReviewRejected", reason }),
      fromKernel
    )

  const asked = new Set<string>()
  let by: Person | undefined
  // What a person says yes to is what they were shown: rules that changed while they read are asked again.
  for (;;) {
    yield* Effect.mapError(followPolicy(parts, session, state), fromKernel)
    const { denied, questions } = yield* assess(parts, options, state, changes, lines, session.id)
    if (denied.length > 0) {
      const reason = denied.join("; ")
      yield* Effect.mapError(
        parts.audit.commit({
          ...record,
          category: "merge",
          action: "merge.denied",
          actor: "kernel",
          decision: "deny",
          detail: { ...record.detail, denied }
        }),
        fromKernel
      )
      yield* reject(reason)
      return { _tag: "Denied", reason }
    }
    const open = questions.filter((question) => !asked.has(question))
    if (open.length === 0) break
    const reason = `${count(changes.length, "file")}, ${count(lines, "changed line")}:\n${open.join("\n")}`
    yield* session.emit({ type: "review.requested", at: yield* isoNow, session: session.id, reason, diff: patch })
    const answer = yield* session.review({ session: session.id, kind: "merge", reason, diff: patch })
    if (!answer.approved) {
      yield* Effect.mapError(
        parts.audit.commit({
          ...record,
          category: "review",
          action: "merge.rejected",
          actor: "human",
          decision: "require_review",
          detail: {
            ...record.detail,
            questions: open,
            answer: answer.reason.slice(0, 1000),
            by: answer.by ?? null
          }
        }),
        fromKernel
      )
      yield* reject(answer.reason)
      const file = yield* Effect.mapError(session.stage.keepPatch, fromKernel)
      return {
        _tag: "Rejected",
        reason: answer.reason,
        patch: `The diff is kept in ${file}; apply it with: git apply ${shellWord(file)}`
      }
    }
    by = answer.by
    open.forEach((question) => asked.add(question))
  }
  yield* Effect.mapError(
    parts.audit.commit({
      ...record,
      category: "review",
      action: "merge.approved",
      actor: asked.size > 0 ? "human" : "kernel",
      decision: "allow",
      detail: { ...record.detail, questions: [...asked], ...(asked.size > 0 ? { by: by ?? null } : {}) }
    }),
    fromKernel
  )
  const merged = yield* session.stage.merge.pipe(
    Effect.catchTag("WorkspaceFailed", (error) => Effect.fail(fromKernel(error))),
    Effect.catchTag("MergeConflict", (conflict) => Effect.succeed(conflict))
  )
  if ("_tag" in merged) {
    yield* Effect.mapError(
      parts.audit.commit({
        ...record,
        category: "merge",
        action: "merge.conflict",
        actor: "kernel",
        detail: { paths: merged.paths }
      }),
      fromKernel
    )
    yield* reject(merged.message)
    return { _tag: "Conflict", reason: merged.message }
  }
  yield* Effect.mapError(
    parts.audit.commit({
      ...record,
      category: "merge",
      action: "merge.done",
      actor: "kernel",
      detail: { paths: merged.merged }
    }),
    fromKernel
  )
  yield* Effect.mapError(advance(parts, session, { _tag: "ReviewApproved" }), fromKernel)
  return { _tag: "Merged", changed: merged.merged }
})
