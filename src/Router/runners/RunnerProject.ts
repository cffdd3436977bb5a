import { Effect, Either, Option } from "effect"
import { parse, type ProjectPath, root } from "../../domain/ProjectPath.ts"
import type { Stage, WorkspaceFailed } from "../../Workspace.ts"

/** All that runner detection sees of a project: never the disk itself. Paths are project-relative. */
export interface RunnerProject<E = never> {
  /** Whether a file is there; dependency trees (`node_modules`, `.venv`) included. */
  readonly exists: (path: string) => Effect.Effect<boolean, E>
  /** A file's text, none when it is missing, no file, or too large. */
  readonly read: (path: string) => Effect.Effect<Option.Option<string>, E>
  /** Every file of the project that git does not ignore, dependency trees not. */
  readonly list: Effect.Effect<ReadonlyArray<ProjectPath>, E>
}

const maxFileBytes = 1024 * 1024
const maxFiles = 200_000

/** The project as a session's stage has it. A path the stage refuses is a path that is not there. */
export const fromStage = (stage: Stage): RunnerProject<WorkspaceFailed> => {
  const read = Effect.fnUntraced(function*(path: string, maxBytes: number) {
    const project = Either.getOrUndefined(parse(path))
    if (project === undefined) return Option.none()
    return yield* stage.read(project, { maxBytes }).pipe(
      Effect.map(Option.some),
      Effect.catchTag("PathRefused", () => Effect.succeed(Option.none()))
    )
  })
  return {
    exists: (path) => Effect.map(read(path, 1), Option.isSome),
    read: (path) =>
      Effect.map(
        read(path, maxFileBytes),
        Option.flatMap(({ bytes, size }) =>
          size > maxFileBytes ? Option.none() : Option.some(Buffer.from(bytes).toString("utf8"))
        )
      ),
    list: stage.list(root, { recursive: true, limit: maxFiles }).pipe(
      Effect.catchTag("PathRefused", () => Effect.succeed({ entries: [] })),
      Effect.map(({ entries }) =>
        entries.flatMap((entry) => entry.kind === "file" && !entry.ignored ? [entry.path] : [])
      )
    )
  }
}
