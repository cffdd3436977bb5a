import { Effect } from "effect"
import { createHash } from "node:crypto"
import { ProjectPath } from "../../../domain/ProjectPath.ts"
import type { VerdictContext } from "../../../StateMachine.ts"
import { fromLeaf, type RouterFailed } from "../../RouterError.ts"
import type { ToolContext } from "../../Tool.ts"

/** What a run is judged by, as the stage is now; `present` are the session's test files that are there. */
export interface Facts extends VerdictContext {
  readonly present: ReadonlyArray<string>
}

/** Reads the session's own test files. */
export const factsOf = Effect.fnUntraced(function*(context: ToolContext): Effect.fn.Return<Facts, RouterFailed> {
  const { locked, redTests, written } = context.state
  const currentHashes = yield* hashes(context, [...Object.keys(written), ...Object.keys(locked)])
  const present = Object.entries(currentHashes).flatMap(([path, hash]) => hash === null ? [] : [path])
  return { written, locked, redTests, currentHashes, present }
})

/** The SHA-256 of files of the stage as they are now; null for one that is gone. */
const hashes = (context: ToolContext, paths: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(new Set(paths), (path) =>
      context.session.stage.read(ProjectPath.make(path), { maxBytes: context.options.limits.fileBytes }).pipe(
        Effect.map(({ bytes }): [string, string | null] => [path, createHash("sha256").update(bytes).digest("hex")]),
        Effect.catchTag("PathRefused", () =>
          Effect.succeed<[string, string | null]>([path, null])),
        Effect.mapError(fromLeaf("test.run"))
      )),
    (entries): Record<string, string | null> =>
      Object.fromEntries(entries)
  )
