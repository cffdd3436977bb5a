import { Effect } from "effect"
import { spawn } from "node:child_process"
import type { SearchTree, Stage } from "../../Workspace.ts"
import { ToolProblem } from "../tools/answer.ts"
import { type GrepQuery, maxColumns, maxLines } from "./query.ts"

const timeoutMs = 10_000
const maxOutputBytes = 1 << 20

type Found = readonly [path: string, line: string]

/** One line of output is `path`, a NUL, `number:text`. */
const readHit = (text: string): Found | undefined => {
  const end = text.indexOf("\0")
  if (end < 0) return undefined
  const path = text.slice(text.startsWith("./") ? 2 : 0, end)
  return [path, `${path}:${text.slice(end + 1)}`]
}

const maxSkipped = 500

// Only to save time, so that those beyond are searched for nothing.
const skipping = (directories: ReadonlyArray<string>): ReadonlyArray<string> =>
  directories.slice(0, maxSkipped).map((path) => `--glob=!/${path.replace(/[\\*?[\]{}!]/g, "\\$&")}/`)

const searchTree = Effect.fnUntraced(function*(program: string, { root, strange }: SearchTree, query: GrepQuery) {
  const { code, cut, error, output } = yield* run(program, root, [
    "--no-config",
    "--no-messages",
    "--no-ignore",
    "--hidden",
    "--no-heading",
    "--line-number",
    "--with-filename",
    "--null",
    "--color=never",
    "--sort=path",
    `--max-columns=${maxColumns}`,
    "--max-columns-preview",
    "--max-filesize=8M",
    "--glob=!.git",
    "--glob=!.fluffy",
    ...(query.glob === undefined ? [] : [`--glob=${query.glob}`]),
    ...skipping(strange),
    "--regexp",
    query.pattern,
    "--",
    query.path === "." ? "." : `./${query.path}`
  ])
  if (code === 2 && output === "" && error !== "") {
    return yield* Effect.fail(new ToolProblem(`search.grep cannot use this pattern: ${error.slice(0, 500).trim()}`))
  }
  return { cut, found: output.split("\n").map(readHit).filter((hit) => hit !== undefined) }
})

/** Searches the stage with ripgrep: a read-only program of ours, given no configuration, environment or links to follow. */
export const ripgrep = Effect.fnUntraced(function*(
  stage: Stage,
  query: GrepQuery
): Effect.fn.Return<ReadonlyArray<string>, ToolProblem> {
  const { rgPath } = yield* Effect.promise(() => import("@vscode/ripgrep"))
  const searched = yield* Effect.forEach(
    stage.trees,
    (tree) =>
      Effect.map(searchTree(rgPath, tree, query), ({ cut, found }) => ({
        cut,
        found: found.filter(([path]) => tree.shows(path))
      })),
    { concurrency: "unbounded" }
  )
  const lines = searched.flatMap(({ found }) => found)
    .toSorted(([one], [other]) => one < other ? -1 : one > other ? 1 : 0).map(([, line]) => line)
  return lines.length > maxLines || searched.some(({ cut }) => cut)
    ? [
      ...lines.slice(0, maxLines),
      `[cut after ${Math.min(lines.length, maxLines)} lines; narrow the pattern or the path]`
    ]
    : lines
})

const run = (program: string, cwd: string, args: ReadonlyArray<string>) =>
  Effect.async<
    { readonly code: number; readonly cut: boolean; readonly output: string; readonly error: string },
    ToolProblem
  >((resume) => {
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
      (code) =>
        resume(
          Effect.succeed({
            code: code ?? 0,
            cut: code === null,
            output: Buffer.concat(output).toString("utf8"),
            error
          })
        )
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
