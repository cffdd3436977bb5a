import { Effect } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SessionId } from "../src/domain/SessionId.ts"
import { type Stage, Workspace } from "../src/Workspace.ts"
import * as Disk from "../src/Workspace/Disk.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const fileCount = 600
const fileBytes = 5_000
const rounds = 40

const makeProject = (root: string) => {
  for (let index = 0; index < fileCount; index++) {
    const directory = join(root, `folder-${index % 60}`)
    fs.mkdirSync(directory, { recursive: true })
    fs.writeFileSync(join(directory, `file-${index}.ts`), Buffer.alloc(fileBytes, `${index} `))
  }
}

// The least that looking at a tree costs.
const walk = (directory: string): number => {
  let count = 0
  for (const name of fs.readdirSync(directory)) {
    const path = `${directory}/${name}`
    const stat = fs.lstatSync(path)
    count += stat.isDirectory() ? walk(path) : 1
  }
  return count
}

const buffer = Buffer.alloc(1 << 20)

// The least that looking at its bytes costs.
const read = (directory: string): number => {
  let count = 0
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) count += read(path)
    else {
      const fd = fs.openSync(path, "r")
      count += fs.readSync(fd, buffer, 0, buffer.length, 0)
      fs.closeSync(fd)
    }
  }
  return count
}

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const timed = (work: () => unknown): number => {
  const start = performance.now()
  work()
  return performance.now() - start
}

// Both by turns, so that a busy moment hits both.
const compare = (what: string, most: number, reference: () => unknown, figure: () => unknown): BenchRow => {
  const pairs = Array.from({ length: rounds }, () => [timed(reference), timed(figure)] as const).slice(rounds / 4)
  const [bare, ours] = [median(pairs.map(([one]) => one)), median(pairs.map(([, one]) => one))]
  return {
    what,
    reference: bare,
    figure: ours,
    ratio: ours / bare,
    bar: `<= ${most}x`,
    unit: "ms",
    ok: ours / bare <= most
  }
}

const scan = (stage: Stage) => Effect.runSync(stage.scan)

const rejectThree = (stage: Stage) => {
  for (const index of [1, 2, 3]) fs.appendFileSync(`${stage.root}/folder-${index}/file-${index}.ts`, "more\n")
  const set = scan(stage)
  return timed(() => Effect.runSync(stage.reject(set)))
}

const measure = (medium: "memory" | "disk") =>
  Effect.gen(function*() {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "fluffy-bench-"))),
      (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
    )
    const project = join(directory, "project")
    makeProject(project)
    const layer = Disk.layer({
      state: join(directory, "state"),
      scratch: join(directory, "scratch"),
      memory: medium === "memory" ? "/dev/shm" : ""
    })
    const workspace = yield* Effect.provide(Workspace, layer)
    const session = SessionId.make(`s-bench-${medium}`)
    const stage = yield* workspace.open({ project, session, secrets: [".env"], maxFileBytes: 1 << 20 })
    yield* Effect.sleep("100 millis")
    const name = `${fileCount} files, stage ${medium === "memory" ? "in memory" : "on disk"}`
    const rows = [
      compare(`scan, ${name}: beside a bare lstat walk`, medium === "memory" ? 8 : 3, () =>
        walk(stage.root), () =>
        scan(stage)),
      ...medium === "memory"
        ? [compare(`scan, ${name}: beside bare reads`, 3, () =>
          read(stage.root), () =>
          scan(stage))]
        : []
    ]
    const bare = median(Array.from({ length: 9 }, () => timed(() => walk(stage.root))))
    const back = median(Array.from({ length: 9 }, () => rejectThree(stage)))
    return [...rows, {
      what: `reject three files and look again, ${name}`,
      reference: bare,
      figure: back,
      ratio: back / bare,
      bar: "for information",
      unit: "ms",
      ok: true
    }]
  })

/** Scans of a stage of 600 files, beside the least that looking at 600 files costs. */
export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.forEach(["memory", "disk"] as const, measure).pipe(
    Effect.map((rows) => rows.flat()),
    Effect.scoped,
    Effect.runPromise
  )

if (isMain(import.meta.url)) process.exitCode = print(await run()) ? 0 : 1
