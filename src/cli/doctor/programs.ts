import { Effect } from "effect"
import { execFile } from "node:child_process"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { shellWord } from "../../internal/shellWord.ts"
import { gitPath } from "../../Workspace/Disk.ts"
import type { Finding } from "./Finding.ts"

const minimum = [20, 19] as const

const firstLine = (
  command: string,
  args: ReadonlyArray<string>,
  env = process.env
): Effect.Effect<string | undefined> =>
  Effect.async((resume) => {
    const child = execFile(
      command,
      [...args],
      { cwd: "/", timeout: 5000, env },
      (error, stdout) => resume(Effect.succeed(error === null ? stdout.trim().split("\n")[0] : undefined))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** The Node that runs this. */
export const node: Effect.Effect<Finding> = Effect.sync(() => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const ok = major > minimum[0] || (major === minimum[0] && minor >= minimum[1])
  const finding = { name: "node", ok, required: true, detail: `Node ${process.versions.node}` }
  return ok
    ? finding
    : { ...finding, remedy: `install Node ${minimum.join(".")} or later: https://nodejs.org/en/download` }
})

/** Git, which says what a project holds. */
export const git: Effect.Effect<Finding> = Effect.map(
  firstLine("git", ["--version"], { PATH: gitPath }),
  (version) =>
    version === undefined
      ? {
        name: "git",
        ok: false,
        required: false,
        detail: `it is in none of ${
          gitPath.replaceAll(":", ", ")
        }: a project under git cannot be worked on, and in any other ignored files cannot be told apart`,
        remedy: "sudo apt-get install -y git, or the same with your package manager"
      }
      : { name: "git", ok: true, required: false, detail: version }
)

/** The search program that comes with Fluffy. */
export const search: Effect.Effect<Finding> = Effect.tryPromise(() => import("@vscode/ripgrep")).pipe(
  Effect.flatMap(({ rgPath }) => firstLine(rgPath, ["--version"])),
  Effect.orElseSucceed(() => undefined),
  Effect.map((version) => ({
    name: "search",
    ok: version !== undefined,
    required: true,
    detail: version ?? "ripgrep, which comes with Fluffy, does not run",
    ...(version === undefined ? { remedy: `npm rebuild --prefix ${shellWord(packageRoot)} @vscode/ripgrep` } : {})
  }))
)

/** The database engine, by asking it something. */
export const sqlite: Effect.Effect<Finding> = Effect.tryPromise(async () => {
  const { default: Database } = await import("better-sqlite3")
  const database = new Database(":memory:")
  const version = database.prepare("SELECT sqlite_version()").pluck().get()
  database.close()
  return `SQLite ${String(version)}`
}).pipe(
  Effect.match({
    onSuccess: (detail) => ({ name: "sqlite", ok: true, required: true, detail }),
    onFailure: ({ cause }) => ({
      name: "sqlite",
      ok: false,
      required: true,
      detail: `better-sqlite3 does not load: ${
        (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]
      }`,
      remedy: `npm rebuild --prefix ${shellWord(packageRoot)} better-sqlite3`
    })
  })
)
