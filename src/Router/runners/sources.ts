import { Effect, Option } from "effect"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection } from "./Detection.ts"
import { isBelow } from "./packages.ts"
import type { RunnerProject } from "./RunnerProject.ts"

const maxRead = 5_000

/** The text of the files by which a runner's report is told file by file, as they are before the run. */
export const sourcesOf = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  { directory, runner: { reads } }: Detection,
  files: ReadonlyArray<ProjectPath>
) {
  const texts = new Map<ProjectPath, string>()
  if (reads === undefined) return texts
  for (const file of files.filter((file) => isBelow(file, directory) && reads(file)).slice(0, maxRead)) {
    const text = Option.getOrUndefined(yield* project.read(file))
    if (text !== undefined) texts.set(file, text)
  }
  return texts
})
