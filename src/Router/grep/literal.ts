import { Effect } from "effect"
import { compile } from "../../internal/Glob.ts"
import type { PathRefused, Stage, WorkspaceFailed } from "../../Workspace.ts"
import { type GrepQuery, maxColumns, maxLines } from "./query.ts"

/** Searches a stage that is not on a disk for the pattern as plain text: no regular expression of a model runs in the kernel. */
export const literal = Effect.fnUntraced(function*(
  stage: Stage,
  query: GrepQuery
): Effect.fn.Return<ReadonlyArray<string>, PathRefused | WorkspaceFailed> {
  const { entries } = yield* stage.list(query.path, { recursive: true, limit: 10_000 })
  const matches = query.glob === undefined ? () => true : compile([query.glob])
  const found: Array<string> = []
  for (const entry of entries) {
    if (entry.kind !== "file" || !matches(entry.path)) continue
    const { bytes } = yield* stage.read(entry.path)
    for (const [index, line] of Buffer.from(bytes).toString("utf8").split("\n").entries()) {
      if (!line.includes(query.pattern)) continue
      if (found.length === maxLines) return [...found, `[cut after ${maxLines} lines]`]
      found.push(`${entry.path}:${index + 1}:${line.slice(0, maxColumns)}`)
    }
  }
  return found
})
