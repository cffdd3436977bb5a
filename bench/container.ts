import Dockerode from "dockerode"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { Sandbox, type SandboxCommand } from "../src/Sandbox.ts"
import { createOptions, type Shape } from "../src/Sandbox/container/createOptions.ts"
import { find } from "../src/Sandbox/container/find.ts"
import { findImage } from "../src/Sandbox/container/image.ts"
import * as Docker from "../src/Sandbox/Docker.ts"
import * as Podman from "../src/Sandbox/Podman.ts"
import { defaultLimits } from "../src/Sandbox/SandboxCommand.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const engines = [
  { module: Docker, socket: "/var/run/docker.sock" },
  { module: Podman, socket: "/run/podman/podman.sock" }
]
const warmUp = 3
const rounds = 20
const bar = 1.2

const command: SandboxCommand = {
  command: "true",
  args: [],
  cwd: "/tmp",
  mounts: [],
  limits: { ...defaultLimits, timeoutMs: 60_000 },
  user: { uid: 65_534, gid: 65_534 }
}

const median = (values: ReadonlyArray<number>) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

const timed = async (action: () => Promise<unknown>): Promise<number> => {
  const since = performance.now()
  await action()
  return performance.now() - since
}

/** What anyone does who runs one command in a container by the engine's API. */
const bare = async (docker: Dockerode, shape: Omit<Shape, "name">) => {
  const container = await docker.createContainer(createOptions({ ...shape, name: `fluffy-bench-${randomUUID()}` }))
  const exited = container.wait({ condition: "next-exit" })
  await container.start()
  await exited
  await container.remove({ force: true, v: true })
}

const measure = ({ module: { dialect, layerLazy }, socket }: (typeof engines)[number]) =>
  Effect.gen(function*() {
    const found = yield* find(dialect, { socket })
    const image = yield* findImage(dialect, { socket }, found)
    const sandbox = yield* Effect.provide(Sandbox, layerLazy({ socket }))
    const docker = new Dockerode({ socketPath: socket })
    const shape = { facts: found.facts, image, labels: {}, command }
    const [ours, theirs]: [Array<number>, Array<number>] = [[], []]
    for (let round = -warmUp; round < rounds; round++) {
      const reference = yield* Effect.promise(() => timed(() => bare(docker, shape)))
      const figure = yield* Effect.promise(() => timed(() => Effect.runPromise(sandbox.run(command))))
      if (round < 0) continue
      theirs.push(reference)
      ours.push(figure)
    }
    const [reference, figure] = [median(theirs), median(ours)]
    const ratio = figure / reference
    return [{
      what:
        `cold ${dialect.backend} sandbox, against bare create, start, wait, remove with the same options (median of ${rounds})`,
      reference,
      figure,
      ratio,
      bar: `<= ${bar}x`,
      unit: "ms",
      ok: ratio <= bar
    }]
  }).pipe(Effect.catchTag("SandboxUnavailable", (error) =>
    Effect.sync((): ReadonlyArray<BenchRow> => {
      process.stderr.write(`bench/container measures no ${error.backend}: ${error.message}\n`)
      return []
    })))

/** What a container costs beyond the engine's own work, for each engine that answers. */
export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const rows: Array<BenchRow> = []
  for (const engine of engines) rows.push(...await Effect.runPromise(measure(engine)))
  return rows
}

if (isMain(import.meta.url)) print(await run())
