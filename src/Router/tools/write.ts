import { Effect } from "effect"
import { dirname } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { Settlement } from "../settle.ts"
import type { ToolContext } from "../Tool.ts"
import type { ToolAnswer } from "../Tool.ts"
import { failed, refusedBy } from "./answer.ts"

const maxReadBytes = 4 << 20

/** The shell script that writes standard input to `$1`, in directory `$2`. */
export const writeScript = `mkdir -p -- "$2" && cat > "$1"`

const maskedSecret = /\[secret: [a-z][\w -]*\]/

/** Whether the content carries a mask that the file itself does not have: a secret the model was not shown would be lost. */
const wouldLoseSecret = (context: ToolContext, content: string) =>
  !maskedSecret.test(content) ?
    Effect.succeed(false) :
    context.session.stage.read(context.path, { maxBytes: maxReadBytes }).pipe(
      Effect.map(({ bytes }) => !maskedSecret.test(Buffer.from(bytes).toString("utf8"))),
      Effect.catchTags({
        PathRefused: () => Effect.succeed(false),
        WorkspaceFailed: (error) => Effect.fail(fromLeaf("fs.write")(error))
      })
    )

/** Writes a whole file from inside a sandbox; an answer when it did not come to pass, else what was taken and how long it took. */
export const writeFile = Effect.fnUntraced(function*(
  context: ToolContext,
  tool: string,
  path: ProjectPath,
  content: string
): Effect.fn.Return<ToolAnswer | { readonly settlement: Settlement; readonly ownMs: number }, RouterFailed> {
  if (yield* wouldLoseSecret(context, content)) {
    return failed(
      `Not written: the content of ${path} holds a masked secret ([secret: …]), which would replace the real one. Edit around it with fs_edit.`
    )
  }
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
