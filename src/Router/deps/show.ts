import { Effect } from "effect"
import { posix } from "node:path"
import { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Stage, WorkspaceFailed } from "../../Workspace.ts"
import type { Leaves } from "../Leaves.ts"
import type { Layer } from "./Layers.ts"

/** Shows a layer's trees where they belong from the next command on; what was known of the project's tests is not true any more. */
export const show = Effect.fnUntraced(function*(
  leaves: Pick<Leaves, "memoryOf">,
  stage: Stage,
  directory: ProjectPath,
  { trees }: Layer
): Effect.fn.Return<{ readonly shown: ReadonlyArray<string>; readonly why: ReadonlyArray<string> }, WorkspaceFailed> {
  const shown: Array<string> = []
  const why: Array<string> = []
  for (const { host, path } of trees) {
    const place = ProjectPath.make(posix.join(directory, path))
    const problem = yield* stage.showTree(place, host)
    if (problem === undefined) shown.push(place)
    else why.push(`${place}: ${problem}`)
  }
  const memory = leaves.memoryOf(stage)
  delete memory.baselines
  delete memory.greenMs
  delete memory.selected
  delete memory.necessity
  return { shown, why }
})
