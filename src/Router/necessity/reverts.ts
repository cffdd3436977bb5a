import { Effect, Option } from "effect"
import type { Change } from "../../domain/Change.ts"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Stage, StagedFile } from "../../Workspace.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { ToolContext } from "../Tool.ts"
import { hunksOf, largestFirst, type Revert, wholeFile } from "./hunksOf.ts"

const failed = fromLeaf("task.complete")

/** A file as it was at the start or is now; none when it is larger than a file of a change may be, which is not tried. */
const before = (stage: Stage, path: ProjectPath, maxBytes: number) =>
  stage.base(path, { maxBytes }).pipe(
    Effect.map(Option.filter(({ bytes, size }) => bytes.length === size)),
    Effect.mapError(failed)
  )

const now = (stage: Stage, { after, path }: Change, maxBytes: number) =>
  stage.read(path, { maxBytes }).pipe(
    Effect.map(({ bytes, size }): Option.Option<StagedFile> =>
      bytes.length === size
        ? Option.some({ kind: "file", executable: after?.executable ?? false, size, bytes })
        : Option.none()
    ),
    Effect.catchTag("PathRefused", () => Effect.succeedNone),
    Effect.mapError(failed)
  )

const isFile = (change: Change) =>
  (change.before ?? change.after)?.kind === "file" && (change.after ?? change.before)?.kind === "file"

/** Every hunk of the session's sources, largest first, and how many changes cannot be taken back that way. */
export const revertsOf = Effect.fnUntraced(function*(
  { options, session: { stage } }: Pick<ToolContext, "options" | "session">
): Effect.fn.Return<{ readonly reverts: ReadonlyArray<Revert>; readonly left: number }, RouterFailed> {
  const { classify, limits: { fileBytes } } = options
  const reverts: Array<Revert> = []
  let left = 0
  for (const change of yield* Effect.mapError(stage.changes, failed)) {
    const { from, kind, path } = change
    if (classify(path) !== "source" || kind === "mode") continue
    if (!isFile(change)) {
      left++
      continue
    }
    const was = kind === "create" ? Option.none() : yield* before(stage, from ?? path, fileBytes)
    const is = kind === "delete" ? Option.none() : yield* now(stage, change, fileBytes)
    if ((kind !== "create" && Option.isNone(was)) || (kind !== "delete" && Option.isNone(is))) left++
    else if (from !== undefined && Option.isSome(was)) reverts.push(moved(from, path, was.value))
    else if (Option.isSome(was) && Option.isSome(is)) reverts.push(...hunksOf(path, was.value, is.value))
    else reverts.push(wholeFile(path, Option.getOrUndefined(was), Option.getOrUndefined(is)))
  }
  return { reverts: largestFirst(reverts), left }
})

const moved = (from: ProjectPath, path: ProjectPath, content: StagedFile): Revert => ({
  hunk: { path, lines: `moved from ${from}`, added: 0, removed: 0 },
  edits: [{ path, content: null }, { path: from, content }]
})
