import { Effect } from "effect"
import { paths } from "../../../domain/Change.ts"
import { type Before, runProblem, type TestRun } from "../../../StateMachine.ts"
import { fromLeaf, type RouterFailed } from "../../RouterError.ts"
import type { ToolContext } from "../../Tool.ts"
import { baselineOf } from "./baseline.ts"

/**
 * What a run is compared with; undefined where that would change nothing: a run that says nothing, a session that changed nothing, and
 * failures that are all in test files which were not there before. A run with a `network` is compared with one that had it, too.
 */
export const beforeOf = Effect.fnUntraced(function*(
  context: ToolContext,
  runs: ReadonlyArray<TestRun>,
  { covers, network }: Pick<Before, "covers"> & { readonly network: boolean }
): Effect.fn.Return<Before | undefined, RouterFailed> {
  const { session, state } = context
  if (runs.some((run) => runProblem(run) !== null)) return undefined
  const changes = yield* Effect.mapError(session.stage.changes, fromLeaf("test.run"))
  if (changes.length === 0) return undefined
  const created = new Set<string>(changes.flatMap(({ kind, path }) => kind === "create" ? [path] : []))
  const failures = runs.flatMap((run) => run.report?.cases ?? []).filter(({ status }) =>
    status === "failed" || status === "error"
  )
  const isOwn = (file: string | null) => file !== null && created.has(file) && Object.hasOwn(state.written, file)
  if (failures.length > 0 && failures.every(({ file }) => isOwn(file))) return undefined
  return {
    baseline: yield* baselineOf(context, network),
    touched: changes.flatMap(paths),
    moved: Object.fromEntries(changes.flatMap(({ from, path }) => from === undefined ? [] : [[from, path]])),
    covers
  }
})
