import { Effect } from "effect"
import { spawn } from "node:child_process"
import { lstatSync } from "node:fs"
import { userInfo } from "node:os"
import { dirname } from "node:path"
import { WorkspaceFailed } from "../Workspace.ts"

/** Where git is looked for, whom it runs as (`null`: as the kernel), and which tree it looks at. */
export interface GitOptions {
  readonly path: string
  readonly user: { readonly uid: number; readonly gid: number } | null
  readonly directory: string
}

// A repository's own configuration may name programs to run; the command line overrides each that these calls could reach.
const safe = [
  "--no-pager",
  "--no-optional-locks",
  ...[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.sshCommand=false",
    "core.askPass=",
    "credential.helper=",
    "protocol.allow=never",
    "safe.directory=*",
    "safe.bareRepository=explicit",
    "submodule.recurse=false"
  ].flatMap((setting) => ["-c", setting])
]

const timeoutMs = 30_000
const maxOutputBytes = 256 << 20

const home = (options: GitOptions): string => {
  if (options.user !== null) return "/nonexistent"
  try {
    return userInfo().homedir
  } catch {
    return "/nonexistent"
  }
}

const environment = (options: GitOptions) => ({
  PATH: options.path,
  HOME: home(options),
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1"
})

// Named outright, a repository cannot send git to another working tree.
const place = (directory: string): ReadonlyArray<string> =>
  lstatSync(`${directory}/.git`, { throwIfNoEntry: false }) === undefined
    ? []
    : [`--git-dir=${directory}/.git`, `--work-tree=${directory}`]

const isInside = (directory: string): boolean =>
  directory !== dirname(directory) &&
  (lstatSync(`${directory}/.git`, { throwIfNoEntry: false }) !== undefined || isInside(dirname(directory)))

const failed = (detail: string, cause?: unknown) =>
  new WorkspaceFailed({
    method: "list files with git",
    reason: "read",
    detail,
    ...(cause === undefined ? {} : { cause })
  })

/** Runs a read-only git command with nothing of the environment; `undefined` when git is not installed. */
const run = (
  options: GitOptions,
  args: ReadonlyArray<string>,
  stdin?: Uint8Array
): Effect.Effect<{ readonly code: number; readonly stdout: Buffer } | undefined, WorkspaceFailed> =>
  Effect.async((resume) => {
    const child = spawn("git", [...safe, ...place(options.directory), ...args], {
      cwd: options.directory,
      env: environment(options),
      stdio: ["pipe", "pipe", "ignore"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      ...options.user
    })
    const chunks: Array<Buffer> = []
    let size = 0
    child.stdin.on("error", () => undefined)
    child.stdin.end(stdin)
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > maxOutputBytes) child.kill("SIGKILL")
      else chunks.push(chunk)
    })
    child.once(
      "error",
      (cause: NodeJS.ErrnoException) =>
        resume(cause.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(failed("git cannot be run", cause)))
    )
    child.once("close", (code, signal) =>
      resume(
        code === null
          ? Effect.fail(failed(`git ended by ${signal}: over ${timeoutMs / 1000} s or ${maxOutputBytes >> 20} MiB`))
          : Effect.succeed({ code, stdout: Buffer.concat(chunks) })
      ))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** One path git knows (`tracked`) or would add; a nested repository ends in "/". */
export interface Listed {
  readonly path: string
  readonly tracked: boolean
}

/** What git tracks or does not ignore, in git's order; null when no repository holds the directory. */
export const list = (options: GitOptions): Effect.Effect<ReadonlyArray<Listed> | null, WorkspaceFailed> =>
  Effect.gen(function*() {
    const own = place(options.directory).length > 0
    const inside = own || isInside(options.directory)
    if (!inside) return null
    const result = yield* run(options, ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard"])
    if (result === undefined) return yield* failed("git is not installed, and only it knows which files are ignored")
    if (result.code !== 0) return yield* failed(`git ls-files exited with ${result.code}; does git status work here?`)
    const found = new Map<string, Listed>()
    for (const record of result.stdout.toString("utf8").split("\0")) {
      if (record.length < 3) continue
      const path = record.slice(2)
      found.set(path, { path, tracked: !record.startsWith("?") })
    }
    const all = [...found.values()]
    // A repository further up that tracks nothing here (a home directory's dotfiles) says nothing about this project.
    return own || all.some((one) => one.tracked) ? all : null
  })

/** Which of the paths the project's own rules ignore; none when git cannot say, so that they are judged like any other. */
export const ignored = (
  options: GitOptions,
  paths: ReadonlyArray<string>
): Effect.Effect<ReadonlySet<string>, WorkspaceFailed> =>
  paths.length === 0
    ? Effect.succeed(new Set())
    // "./" keeps a name that starts with a colon from being read as a pattern.
    : run(
      options,
      ["check-ignore", "-z", "--stdin", "--no-index"],
      Buffer.from(paths.map((path) => `./${path}\0`).join(""))
    )
      .pipe(Effect.map((result) =>
        new Set(result?.code === 0 ? result.stdout.toString("utf8").split("\0").map((path) => path.slice(2)) : [])
      ))
