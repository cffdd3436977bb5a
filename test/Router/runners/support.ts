import { Effect, Option } from "effect"
import { spawn } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { ProjectPath } from "../../../src/domain/ProjectPath.ts"
import { packageRoot } from "../../../src/internal/PackageRoot.ts"
import {
  directoryFor,
  onDisk as reportChannel,
  type ReportDirectory,
  reportedBy,
  takeReport
} from "../../../src/Router/reportChannel.ts"
import {
  reportersSource,
  type RunnerProject,
  select,
  type Selected,
  type SelectOptions
} from "../../../src/Router/Runners.ts"
import type { TestRun } from "../../../src/StateMachine.ts"

export type Files = Readonly<Record<string, string>>

/** A project that exists in memory only: for detection, which never touches a disk. */
export const inMemory = (files: Files): RunnerProject => ({
  exists: (path) => Effect.succeed(Object.hasOwn(files, path)),
  read: (path) => Effect.succeed(Object.hasOwn(files, path) ? Option.some(files[path]!) : Option.none()),
  list: Effect.succeed(
    Object.keys(files).filter((path) => !/(^|\/)(node_modules|\.venv)\//.test(path)).map((path) =>
      ProjectPath.make(path)
    )
  )
})

/** A project on disk, with this repository's `node_modules` where it asks for them; removed with the scope. */
export const onDisk = (files: Files, options: { readonly modules?: boolean } = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const root = realpathSync(mkdtempSync(join(tmpdir(), "fluffy-runner-")))
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), text)
      }
      if (options.modules === true) symlinkSync(join(packageRoot, "node_modules"), join(root, "node_modules"))
      return root
    }),
    (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
  )

const reader = (root: string): RunnerProject => ({
  exists: (path) => Effect.sync(() => existsSync(join(root, path))),
  read: (path) =>
    Effect.sync(() =>
      existsSync(join(root, path)) ? Option.some(readFileSync(join(root, path), "utf8")) : Option.none()
    ),
  list: Effect.sync(() =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
      .map((entry) => ProjectPath.make(join(entry.parentPath, entry.name).slice(root.length + 1)))
  )
})

const usualPath = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`

const spawned = (selected: Selected, root: string, path: string, stdin: Uint8Array | undefined) =>
  Effect.async<{ readonly exitCode: number; readonly stdout: Uint8Array; readonly output: string }>((resume) => {
    const child = spawn(selected.command, [...selected.args], {
      cwd: join(root, selected.cwd),
      env: { PATH: path, HOME: tmpdir(), ...selected.env },
      stdio: ["pipe", "pipe", "pipe"]
    })
    const stdout: Array<Uint8Array> = []
    let output = ""
    child.stdin.on("error", () => {})
    child.stdin.end(stdin)
    child.stdout.on("data", (chunk) => {
      stdout.push(chunk)
      output += chunk
    })
    child.stderr.on("data", (chunk) => output += chunk)
    const done = (exitCode: number) => resume(Effect.succeed({ exitCode, stdout: Buffer.concat(stdout), output }))
    child.on("error", () => done(127))
    child.on("close", (code, signal) => done(code ?? (signal === null ? 1 : 137)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Runs one selection as a plain child process; `reports` takes its report where it is not sealed. */
const runOne = (selected: Selected, root: string, reports: ReportDirectory, path: string) =>
  Effect.gen(function*() {
    const way = selected.sealed ? yield* reportChannel.open(selected, own) : reports
    const { exitCode, output, stdout } = yield* spawned(selected, root, path, reportedBy(way).stdin)
    const { report } = yield* takeReport(way, selected, stdout)
    return { report, exitCode, ended: "exit", output } satisfies TestRun & { readonly output: string }
  })

const own = { uid: process.getuid!(), gid: process.getgid!() }

/** A directory for the reports of `runAll`. */
export const openReports = directoryFor(own)

/** Selects for a project on disk and runs everything selected; `path` comes before the usual PATH. */
export const runAll = (
  root: string,
  options: Partial<SelectOptions> = {},
  path?: string,
  opened?: ReportDirectory
) =>
  Effect.gen(function*() {
    const reports = opened ?? (yield* openReports)
    const selected = yield* select(reader(root), {
      root,
      configured: [],
      reportDirectory: reports.source,
      reportersDirectory: reportersSource,
      ...options
    })
    return yield* Effect.forEach(selected, (one) =>
      runOne(one, root, reports, path === undefined ? usualPath : `${path}:${usualPath}`))
  })
