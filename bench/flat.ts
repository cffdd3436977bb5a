import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SessionId } from "../src/domain/SessionId.ts"
import { defaultLimits, Sandbox, trial } from "../src/Sandbox.ts"
import * as Bubblewrap from "../src/Sandbox/Bubblewrap.ts"
import { type Stage, Workspace } from "../src/Workspace.ts"
import * as Disk from "../src/Workspace/Disk.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const sizes = [100, 10_000, 300_000] as const
const most = 1.2
const runs = 25
const warmUps = 5
const perDirectory = 20
const perFolder = 1000

/** A project in git of this many small files, and one that git ignores. */
const project = (files: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "fluffy-flat-")))
      execFileSync("git", ["init", "-q", directory])
      fs.writeFileSync(join(directory, ".gitignore"), ".env\n")
      fs.writeFileSync(join(directory, ".env"), "TOKEN=x\n")
      for (let n = 1; n < files; n++) {
        const folder = join(directory, `part-${Math.floor(n / perFolder)}`, `module-${Math.floor(n / perDirectory)}`)
        if (n === 1 || n % perDirectory === 0) fs.mkdirSync(folder, { recursive: true })
        fs.writeFileSync(join(folder, `file-${n}.js`), `export const n = ${n}\n`)
      }
      return directory
    }),
    (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
  )

interface Opened {
  readonly files: number
  readonly stage: Stage
  readonly openMs: number
  readonly times: Array<number>
}

const open = (files: number) =>
  Effect.gen(function*() {
    const [workspace, sandbox] = [yield* Workspace, yield* Sandbox]
    const directory = yield* project(files)
    const start = performance.now()
    const stage = yield* workspace.open({
      project: directory,
      session: SessionId.make(`s-flat-${files}`),
      secrets: [".env", ".env.*", "*.pem", "*.key"],
      maxFileBytes: 1 << 20,
      trial: trial(sandbox.run, directory)
    })
    return { files, stage, openMs: performance.now() - start, times: [] as Array<number> } satisfies Opened
  })

/** One command as a session runs it: it writes a file, is looked at, and what it did is dropped. */
const once = ({ stage }: Opened) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox
    const start = performance.now()
    yield* sandbox.run({
      command: "/bin/sh",
      args: ["-c", "echo changed > new.txt"],
      cwd: stage.project,
      mounts: yield* stage.mounts,
      user: stage.user,
      limits: defaultLimits
    })
    yield* stage.reject(yield* stage.scan)
    return performance.now() - start
  })

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const number = (files: number) => files.toLocaleString("en-US")

const measure = Effect.gen(function*() {
  const all = yield* Effect.forEach(sizes, open)
  // By turns, so that a busy moment hits all of them.
  for (let n = 0; n < warmUps + runs; n++) {
    for (const one of all) {
      const took = yield* once(one)
      if (n >= warmUps) one.times.push(took)
    }
  }
  const reference = median(all[0]?.times ?? [])
  return all.slice(1).flatMap(({ files, openMs, stage, times }): ReadonlyArray<BenchRow> => {
    const figure = median(times)
    const ratio = figure / reference
    const opening = openMs / (all[0]?.openMs ?? 1)
    return [
      {
        what: `one sandboxed command with its scan, ${number(files)} files (${stage.form}), beside 100 (${
          all[0]?.stage.form
        })`,
        reference,
        figure,
        ratio,
        bar: `<= ${most}x`,
        unit: "ms",
        ok: ratio <= most
      },
      {
        what: `opening a session's stage, ${number(files)} files, beside 100`,
        reference: all[0]?.openMs ?? 0,
        figure: openMs,
        ratio: opening,
        bar: "for information",
        unit: "ms",
        ok: true
      }
    ]
  })
})

/** What a sandboxed command costs in a project of 10,000 and 300,000 files, beside one of 100; takes a minute to make the files. */
export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.suspend(() => measure).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.merge(Bubblewrap.layer(), Disk.layer({ state: join(tmpdir(), `fluffy-flat-state-${process.pid}`) }))
    ),
    Effect.runPromise
  )

if (isMain(import.meta.url)) process.exitCode = print(await run()) ? 0 : 1
