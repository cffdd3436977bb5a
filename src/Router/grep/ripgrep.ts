import { Effect } from "effect"
import { spawn } from "node:child_process"
import type { Stage } from "../../Workspace.ts"
import { ToolProblem } from "../tools/answer.ts"
import { type GrepQuery, maxColumns, maxLines } from "./query.ts"

const timeoutMs = 10_000
const maxOutputBytes = 1 << 20

/** Searches the stage with ripgrep: a read-only program of ours, given no configuration, environment or links to follow. */
export const ripgrep = Effect.fnUntraced(function*(
  stage: Stage,
  query: GrepQuery
): Effect.fn.Return<ReadonlyArray<string>, ToolProblem> {
  const { rgPath } = yield* Effect.promise(() => import("@vscode/ripgrep"))
  const { code, error, output } = yield* run(rgPath, stage.root, [
    "--no-config",
    "--no-messages",
    "--no-ignore",
    "--hidden",
    "--no-heading",
    "--line-number",
    "--with-filename",
    "--color=never",
    "--sort=path",
    `--max-columns=${maxColumns}`,
    "--max-columns-preview",
    "--max-filesize=8M",
    "--glob=!.git",
    ...(query.glob === undefined ? [] : [`--glob=${query.glob}`]),
    "--regexp",
    query.pattern,
    "--",
    query.path === "." ? "." : `./${query.path}`
  ])
  if (code === 2 && output === "") {
    return yield* Effect.fail(new ToolProblem(`search.grep cannot use this pattern: ${error.slice(0, 500).trim()}`))
  }
  const lines = output.split("\n").filter((line) => line !== "").map((line) =>
    line.startsWith("./") ? line.slice(2) : line
  )
  return lines.length > maxLines
    ? [...lines.slice(0, maxLines), `[cut after ${maxLines} lines; narrow the pattern or the path]`]
    : lines
})

const run = (program: string, cwd: string, args: ReadonlyArray<string>) =>
  Effect.async<{ readonly code: number; readonly output: string; readonly error: string }, ToolProblem>((resume) => {
    const child = spawn(program, args, {
      cwd,
      env: {},
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL"
    })
    const output: Array<Buffer> = []
    let size = 0
    let error = ""
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > maxOutputBytes) child.kill("SIGKILL")
      else output.push(chunk)
    })
    child.stderr.on("data", (chunk: Buffer) => {
      if (error.length < 2000) error += chunk.toString("utf8")
    })
    child.on(
      "error",
      (cause) => resume(Effect.fail(new ToolProblem(`search.grep cannot run ripgrep: ${cause.message}`)))
    )
    child.on(
      "close",
      (code) => resume(Effect.succeed({ code: code ?? 0, output: Buffer.concat(output).toString("utf8"), error }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
