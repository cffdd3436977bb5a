import { Effect } from "effect"
import { timed } from "../../internal/time.ts"
import type { PathRefused, WorkspaceFailed } from "../../Workspace.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { Settlement } from "../settle.ts"
import type { ToolAnswer } from "../Tool.ts"

/** Bytes of a result the model sees at most. */
export const maxResultBytes = 50_000

export const failed = (text: string, ownMs = 0): ToolAnswer => ({ outcome: "failed", text, ownMs })

/** The answer of a fast-path tool: its text, or why the path cannot be used. The whole effect is the tool's own work. */
export const answering = (
  tool: string,
  work: Effect.Effect<string, PathRefused | WorkspaceFailed | ToolProblem>
): Effect.Effect<ToolAnswer, RouterFailed> =>
  timed(Effect.either(work)).pipe(
    Effect.flatMap(([result, ownMs]): Effect.Effect<ToolAnswer, RouterFailed> => {
      if (result._tag === "Right") return Effect.succeed({ outcome: "ok", text: result.right, ownMs })
      const error = result.left
      if (error._tag === "WorkspaceFailed") return Effect.fail(fromLeaf(tool)(error))
      if (error._tag === "PathRefused" && error.reason === "leaves the project") {
        return Effect.succeed({ outcome: "refused", by: "workspace", text: refusedPath(error.path), ownMs })
      }
      return Effect.succeed(failed(error.message, ownMs))
    })
  )

/** What went wrong in a tool in a way the model can act on. */
export class ToolProblem {
  readonly _tag = "ToolProblem"
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

const refusedPath = (path: string) =>
  `Refused: ${path} leaves the project. Only paths inside the project can be used, relative to its root.`

/** The answer of a tool whose change set was dropped, or undefined when it was taken. */
export const refusedBy = (what: string, settlement: Settlement, ownMs: number): ToolAnswer | undefined =>
  settlement.by === undefined ? undefined : {
    outcome: "refused",
    by: settlement.by,
    text: `Refused: ${what} changed what it may not. All its changes were dropped.\n${settlement.refusals.join("\n")}`,
    ownMs
  }
