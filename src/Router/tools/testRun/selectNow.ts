import { Effect } from "effect"
import { fromLeaf, type RouterFailed } from "../../RouterError.ts"
import { fromStage, NoRunner, select, type Selected } from "../../Runners.ts"
import type { ToolContext } from "../../Tool.ts"

/**
 * The runners for a call as the stage is now. Looking at all of a project takes longer than the rest of a verdict, so what was found is
 * kept for as long as the session changes nothing.
 */
export const selectNow = Effect.fnUntraced(function*(
  { leaves, options, session: { stage } }: ToolContext,
  pattern?: string
): Effect.fn.Return<ReadonlyArray<Selected> | NoRunner, RouterFailed> {
  const fail = fromLeaf("test.run")
  const memory = leaves.memoryOf(stage)
  const of = JSON.stringify([pattern, stage.mounts, yield* Effect.mapError(stage.changes, fail)])
  if (memory.selected?.of === of) return memory.selected.found
  const found = yield* select(fromStage(stage), {
    root: stage.project,
    configured: options.runners,
    ...(pattern === undefined ? {} : { pattern })
  }).pipe(
    Effect.catchTag("NoRunner", (error) => Effect.succeed(error)),
    Effect.mapError(fail)
  )
  if (found instanceof NoRunner) return found
  memory.selected = { of, found }
  return found
})
