import { Effect } from "effect"
import { dirname } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { RouterFailed } from "../RouterError.ts"
import type { Settlement } from "../settle.ts"
import type { ToolContext } from "../Tool.ts"
import type { ToolAnswer } from "../Tool.ts"
import { failed, refusedBy } from "./answer.ts"

/** The shell script that writes standard input to `$1`, in directory `$2`. */
export const writeScript = `mkdir -p -- "$2" && cat > "$1"`

/** Writes a whole file from inside a sandbox; an answer when it did not come to pass, else what was taken and how long it took. */
export const writeFile = Effect.fnUntraced(function*(
  context: ToolContext,
  tool: string,
  path: ProjectPath,
  content: string
): Effect.fn.Return<ToolAnswer | { readonly settlement: Settlement; readonly ownMs: number }, RouterFailed> {
  const target = `${context.session.stage.project}/${path}`
  const { result, settlement } = yield* context.run({
    command: "/bin/sh",
    args: ["-c", writeScript, "sh", target, dirname(target)],
    stdin: Buffer.from(content, "utf8")
  })
  const refused = refusedBy(tool, settlement, result.durationMs)
  if (refused !== undefined) return refused
  if (result.exitCode !== 0 || result.ended !== "exit") {
    const why = result.ended === "exit"
      ? Buffer.from(result.stderr).toString("utf8").trim().slice(0, 500)
      : `it was stopped (${result.ended})`
    return failed(`Cannot write ${path}: ${why}`, result.durationMs)
  }
  return { settlement, ownMs: result.durationMs }
})
