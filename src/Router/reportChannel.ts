import { Effect, type Scope } from "effect"
import { join } from "node:path"
import type { TestReport } from "../domain/Verdict.ts"
import { acquireRelease } from "../internal/finalizer.ts"
import type { BindMount } from "../Sandbox.ts"
import { reportDirectoryFor } from "./reportDirectories.ts"
import {
  newKey,
  readReport,
  reportDirectory,
  reportersDirectory,
  reportersSource,
  type Selected,
  unseal
} from "./Runners.ts"

/** How one run's report leaves the sandbox: sealed, on standard output, by a secret that the runner gets on standard input. */
interface Sealed {
  readonly key: string
}

/** The other way: in a directory of its own that the run may write, seen on the host as `source`. */
export interface ReportDirectory {
  readonly source: string
  /** The report's bytes once every process of the run is dead; null when there is none or it is no plain file. */
  readonly read: (name: string) => Effect.Effect<Uint8Array | null>
}

export type ReportWay = Sealed | ReportDirectory

/** Where reports leave the sandbox. */
export interface ReportChannel {
  /** The way for one run; what the runner seals needs no directory. */
  readonly open: (
    selected: Pick<Selected, "sealed">,
    user: { readonly uid: number; readonly gid: number }
  ) => Effect.Effect<ReportWay, never, Scope.Scope>
}

/** A private directory for one run, removed with the scope. */
export const directoryFor = (
  user: Parameters<typeof reportDirectoryFor>[0]
): Effect.Effect<ReportDirectory, never, Scope.Scope> =>
  Effect.map(reportDirectoryFor(user), (source) => ({ source, read: (name) => readReport(join(source, name)) }))

/** A key or a directory for each run. */
export const onDisk: ReportChannel = {
  open: ({ sealed }, user) => sealed ? Effect.sync(() => ({ key: newKey() })) : directoryFor(user)
}

/** Reports kept in a map by `<source>/<name>`: for a kernel in memory, whose scripted sandbox writes them there and seals none. */
export const inMemory = (files: Map<string, Uint8Array>): ReportChannel => ({
  open: () =>
    acquireRelease(
      Effect.sync(() => "/memory/report"),
      (source) =>
        Effect.sync(() => {
          for (const path of files.keys()) if (path.startsWith(`${source}/`)) files.delete(path)
        })
    ).pipe(
      Effect.map((source) => ({
        source,
        read: (name) => Effect.sync(() => files.get(`${source}/${name}`) ?? null)
      }))
    )
})

/** What a run's command needs for its report: the key on standard input or the directory, and the reporters. */
export const reportedBy = (way: ReportWay): {
  readonly mounts: ReadonlyArray<BindMount>
  readonly stdin?: Uint8Array
} => {
  const reporters = { source: reportersSource, target: reportersDirectory, mode: "ro" } as const
  return "key" in way
    ? { mounts: [reporters], stdin: new TextEncoder().encode(`${way.key}\n`) }
    : { mounts: [{ source: way.source, target: reportDirectory, mode: "rw" }, reporters] }
}

/** The report of a finished run, and what it printed besides. */
export const takeReport = Effect.fnUntraced(function*(
  way: ReportWay,
  selected: Selected,
  stdout: Uint8Array
): Effect.fn.Return<{ readonly report: TestReport | null; readonly stdout: Uint8Array }> {
  if (!("key" in way)) return { report: selected.parse(yield* way.read(selected.reportFile)), stdout }
  const { output, problem, report } = unseal(way.key, stdout)
  const read = selected.parse(report)
  if (problem === null) return { report: read, stdout: output }
  return { report: { runner: selected.runner, cases: read?.cases ?? [], truncated: true, problem }, stdout: output }
})
