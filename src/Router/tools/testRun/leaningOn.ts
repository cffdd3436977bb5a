import { Effect } from "effect"
import type { ProjectPath } from "../../../domain/ProjectPath.ts"
import { judgeAll, type TestRun } from "../../../StateMachine.ts"
import { fromLeaf, type RouterFailed } from "../../RouterError.ts"
import { fromStage, select, type Selected } from "../../Runners.ts"
import type { ToolContext } from "../../Tool.ts"
import type { Facts } from "./factsOf.ts"
import { runSelected } from "./runSelected.ts"

/** A run that came out green: how it was asked for, and what it was judged by. */
export interface GreenRun {
  readonly pattern: string | undefined
  readonly network: boolean
  readonly timeoutMs: number | undefined
  readonly facts: Facts
}

const fail = fromLeaf("test.run")

/**
 * What git ignores and the session left, where the tests are green only with it: a cache, a package or a program that no diff shows and
 * no merge takes. Empty where the tests are green without it too.
 */
export const leaningOn = Effect.fn("Router.leaningOn")(function*(
  context: ToolContext,
  green: GreenRun
): Effect.fn.Return<ReadonlyArray<ProjectPath>, RouterFailed> {
  const left = yield* Effect.mapError(context.session.stage.leavings, fail)
  if (left.length === 0) return []
  const chosen = yield* context.trying("merged", () => selectMerged(context, green.pattern))
  const runs: Array<TestRun> = []
  for (const selected of chosen) {
    const { run } = yield* context.trying("merged", (bare) =>
      runSelected(context, selected, {
        run: (command) => Effect.map(bare({ ...command, network: green.network }), (result) => ({ result })),
        held: green.facts.present,
        timeoutMs: green.timeoutMs
      }))
    runs.push(run)
  }
  return judgeAll(runs, green.facts).verdict === "green" ? [] : left
})

/** The runners without it: a program can be part of what was left. None is found: none. */
const selectMerged = (
  { options, session: { stage } }: ToolContext,
  pattern: string | undefined
): Effect.Effect<ReadonlyArray<Selected>, RouterFailed> =>
  select(fromStage(stage), {
    root: stage.project,
    configured: options.runners,
    ...(pattern === undefined ? {} : { pattern })
  }).pipe(
    Effect.catchTag("NoRunner", () => Effect.succeed([])),
    Effect.mapError(fail)
  )
