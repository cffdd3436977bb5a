import { Effect, Layer, Schema } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SessionId } from "../src/domain/SessionId.ts"
import { defaultLimits, Sandbox, type SandboxCommand } from "../src/Sandbox.ts"
import * as Bubblewrap from "../src/Sandbox/Bubblewrap.ts"
import { descriptors, sandboxArguments } from "../src/Sandbox/bubblewrap/arguments.ts"
import { ownlessDevices } from "../src/Sandbox/bubblewrap/devices.ts"
import { filterOf } from "../src/Sandbox/bubblewrap/filter.ts"
import { hostSystem } from "../src/Sandbox/bubblewrap/hostSystem.ts"
import { ordered } from "../src/Sandbox/bubblewrap/mounts.ts"
import { Workspace } from "../src/Workspace.ts"
import * as Disk from "../src/Workspace/Disk.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const runs = 25
const warmUps = 3
const most = 2

const command: SandboxCommand = {
  command: "/usr/bin/true",
  args: [],
  cwd: "/tmp",
  mounts: [],
  limits: defaultLimits,
  user: { uid: process.getuid!(), gid: process.getgid!() }
}

const host = hostSystem(readdirSync("/etc"))
const devices = command.user.uid === 0 ? ownlessDevices() : undefined
process.on("exit", () => devices === undefined || rmSync(devices, { recursive: true, force: true }))

/** The same options and filter, given to bwrap by hand; no limits, watch, or wait for the last process. */
const bare = (mounts: SandboxCommand["mounts"], cwd: string, user: SandboxCommand["user"]): Promise<void> => {
  const shape = { host, toolchains: [], programs: { first: [], last: [] }, devices, mounts, cwd, env: {} }
  const files = host.files.map((file) => openSync(file.source, "r"))
  const unused = Array.from({ length: descriptors.firstFile - descriptors.seccomp - 1 }, () => "ignore" as const)
  return new Promise((resolve, reject) => {
    const line = ["--seccomp", String(descriptors.seccomp), ...sandboxArguments(shape), "--", command.command]
    const child = spawn("bwrap", line, {
      stdio: ["ignore", "pipe", "pipe", "ignore", "ignore", "pipe", ...unused, ...files],
      env: { PATH: "/usr/bin:/bin" },
      ...process.getuid!() === 0 ? user : {}
    })
    for (const file of files) closeSync(file)
    const filter = (child.stdio as ReadonlyArray<unknown>)[descriptors.seccomp] as NodeJS.WritableStream
    filter.end(filterOf("standard"))
    child.on("error", reject)
    child.on("close", (code) => code === 0 ? resolve() : reject(new Error(`bare bwrap ended with ${code}`)))
  })
}

const clocked = async (action: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await action()
  return performance.now() - start
}

const median = (figures: ReadonlyArray<number>): number => [...figures].sort((a, b) => a - b)[figures.length >> 1]!

/** A project of 600 files in git. */
const project = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = mkdtempSync(join(tmpdir(), "fluffy-bench-"))
    execFileSync("git", ["init", "-q", directory])
    for (let n = 0; n < 600; n++) {
      const folder = join(directory, "src", String(n % 30))
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `file-${n}.js`), `export const n = ${n}\n`)
    }
    return directory
  }),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const compared = (what: string, reference: () => Promise<unknown>, ours: () => Promise<unknown>) =>
  Effect.promise(async (): Promise<BenchRow> => {
    const [references, figures]: [Array<number>, Array<number>] = [[], []]
    for (let n = 0; n < warmUps + runs; n++) {
      const [one, other] = [await clocked(reference), await clocked(ours)]
      if (n < warmUps) continue
      references.push(one)
      figures.push(other)
    }
    const [expected, figure] = [median(references), median(figures)]
    const ratio = figure / expected
    return { what, reference: expected, figure, ratio, bar: `<= ${most}x`, unit: "ms", ok: ratio <= most }
  })

/** One sandboxed command against bare bwrap with the same profile, turn by turn; alone, and with the scan of a stage of 600 files. */
export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox
    const directory = yield* project
    const workspace = yield* Workspace
    const session = Schema.decodeSync(SessionId)("20260101-000000-bench0")
    const stage = yield* workspace.open({ project: directory, session, secrets: [], maxFileBytes: 1 << 20 })
    const { user } = stage
    const mounts = yield* stage.mounts
    const over = { ...command, mounts, user, cwd: directory }
    return [
      yield* compared(
        "one sandboxed command (true), bubblewrap, against bare bwrap",
        () => bare([], command.cwd, command.user),
        () => Effect.runPromise(sandbox.run(command))
      ),
      yield* compared(
        "one sandboxed command (true) and the scan of 600 files, against bare bwrap",
        () => bare(ordered(mounts), directory, user),
        () => Effect.runPromise(Effect.zipRight(sandbox.run(over), stage.scan))
      )
    ]
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.merge(Bubblewrap.layer(), Disk.layer({ state: join(tmpdir(), `fluffy-bench-${process.pid}`) }))
    ),
    Effect.runPromise
  )

if (isMain(import.meta.url)) process.exitCode = print(await run()) ? 0 : 1
