import { Effect, type Scope } from "effect"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestReport } from "../domain/Verdict.ts"
import { newKey, readReport, type Selected, unseal } from "./Runners.ts"

/** A directory of its own that one test run may write its report into, seen on the host as `source`. */
export interface ReportDirectory {
  readonly source: string
  /** The secret that seals this run's report where the runner can do that; null where nothing is sealed. */
  readonly key: string | null
  /** The report's bytes once every process of the run is dead; null when there is none or it is no plain file. */
  readonly read: (name: string) => Effect.Effect<Uint8Array | null>
}

/** Where reports leave the sandbox. */
export interface ReportChannel {
  readonly open: (user: {
    readonly uid: number
    readonly gid: number
  }) => Effect.Effect<ReportDirectory, never, Scope.Scope>
}

/** A private temporary directory and a key for each run, removed with the scope. */
export const onDisk: ReportChannel = {
  open: (user) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const source = mkdtempSync(join(tmpdir(), "fluffy-report-"))
        if (process.getuid?.() === 0) chownSync(source, user.uid, user.gid)
        return source
      }),
      (source) => Effect.sync(() => rmSync(source, { recursive: true, force: true }))
    ).pipe(Effect.map((source) => ({ source, key: newKey(), read: (name) => readReport(join(source, name)) })))
}

/** Reports kept in a map by `<source>/<name>`: for a kernel in memory, whose scripted sandbox writes them there. */
export const inMemory = (files: Map<string, Uint8Array>): ReportChannel => ({
  open: () =>
    Effect.acquireRelease(
      Effect.sync(() => "/memory/report"),
      (source) =>
        Effect.sync(() => {
          for (const path of files.keys()) if (path.startsWith(`${source}/`)) files.delete(path)
        })
    ).pipe(
      Effect.map((source) => ({
        source,
        key: null,
        read: (name) => Effect.sync(() => files.get(`${source}/${name}`) ?? null)
      }))
    )
})

/** What a run is given on its standard input: the key, where its runner seals. */
export const stdinOf = (reports: ReportDirectory, selected: Selected): { readonly stdin?: Uint8Array } =>
  selected.sealed && reports.key !== null ? { stdin: new TextEncoder().encode(`${reports.key}\n`) } : {}

/** The report of a finished run, and what it printed besides. */
export const takeReport = Effect.fnUntraced(function*(
  reports: ReportDirectory,
  selected: Selected,
  stdout: Uint8Array
): Effect.fn.Return<{ readonly report: TestReport | null; readonly stdout: Uint8Array }> {
  if (!selected.sealed || reports.key === null) {
    return { report: selected.parse(yield* reports.read(selected.reportFile)), stdout }
  }
  const { output, problem, report } = unseal(reports.key, stdout)
  const read = selected.parse(report)
  if (problem === null) return { report: read, stdout: output }
  return { report: { runner: selected.runner, cases: read?.cases ?? [], truncated: true, problem }, stdout: output }
})
