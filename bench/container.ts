import Dockerode from "dockerode"
import { Effect, Exit, Scope } from "effect"
import { randomUUID } from "node:crypto"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Sandbox, type SandboxCommand } from "../src/Sandbox.ts"
import { createOptions, type Shape } from "../src/Sandbox/container/createOptions.ts"
import { find } from "../src/Sandbox/container/find.ts"
import { findImage } from "../src/Sandbox/container/image.ts"
import { defaultLimits } from "../src/Sandbox/SandboxCommand.ts"
import { type Engine, ofEach, thinkingMs, unmeasured } from "./engines.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const warmUp = 3
const rounds = 20
const bars = { cold: 1.2, warm: 1.1, acquire: 0.5 }

const commandOver = (root: string): SandboxCommand => ({
  command: "echo",
  args: ["x"],
  cwd: "/srv/project",
  mounts: [{ source: root, target: "/srv/project", mode: "rw" }],
  limits: { ...defaultLimits, timeoutMs: 60_000 },
  user: { uid: 65_534, gid: 65_534 }
})

const median = (values: ReadonlyArray<number>) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

const timed = async (action: () => Promise<unknown>): Promise<number> => {
  const since = performance.now()
  await action()
  return performance.now() - since
}

const ended = (stream: NodeJS.ReadableStream) => {
  stream.resume()
  return new Promise<void>((resolve) => stream.once("end", resolve).once("close", resolve))
}

/** What anyone does who runs one command in a container by the engine's API. */
const bare = async (docker: Dockerode, shape: Omit<Shape, "name">) => {
  const container = await docker.createContainer(createOptions({ ...shape, name: `fluffy-bench-${randomUUID()}` }))
  await container.start()
  await container.wait()
  await container.remove({ force: true, v: true })
}

/** The same by an exec in a container that runs already: made, started, its output read to the end, its exit code asked for. */
const bareExec = async (container: Dockerode.Container) => {
  const exec = await container.exec({ Cmd: ["echo", "x"], AttachStdout: true, AttachStderr: true })
  await ended(await exec.start({ hijack: true, stdin: false }))
  const { ExitCode } = await exec.inspect()
  if (ExitCode !== 0) throw new Error(`a bare exec ended with ${ExitCode}`)
}

/** Time to the first output, and to the end, in ms. */
const clocked = async (sandbox: Sandbox["Type"], command: SandboxCommand) => {
  const since = performance.now()
  let first = Number.POSITIVE_INFINITY
  const onOutput = () => first = Math.min(first, performance.now() - since)
  const { exitCode } = await Effect.runPromise(sandbox.run({ ...command, onOutput }))
  if (exitCode !== 0) throw new Error(`a sandboxed command ended with ${exitCode}`)
  return { first, whole: performance.now() - since }
}

const measure = ({ module: { dialect, layerLazy }, socket }: Engine) =>
  Effect.gen(function*() {
    const found = yield* find(dialect, { socket })
    const image = yield* findImage(dialect, { socket }, found)
    const sandbox = yield* Sandbox
    const docker = new Dockerode({ socketPath: socket })
    const root = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const root = mkdtempSync(join(tmpdir(), "fluffy-bench-"))
        chmodSync(root, 0o777)
        return root
      }),
      (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
    )
    const command = commandOver(root)
    const shape = { facts: found.facts, image, labels: {}, command }
    const running = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const sleeps = { ...command, command: "sleep", args: ["600"] }
        const name = `fluffy-bench-${randomUUID()}`
        const container = await docker.createContainer(createOptions({ ...shape, command: sleeps, name }))
        await container.start()
        return container
      }),
      (container) => Effect.promise(() => container.remove({ force: true, v: true }))
    )
    const times = {
      bare: [] as Array<number>,
      cold: [] as Array<number>,
      coldFirst: [] as Array<number>,
      exec: [] as Array<number>,
      warm: [] as Array<number>,
      warmFirst: [] as Array<number>
    }
    for (let round = -warmUp; round < rounds; round++) {
      const one = yield* Effect.promise(async () => ({
        bare: await timed(() => bare(docker, shape)),
        cold: await clocked(sandbox, command)
      }))
      if (round < 0) continue
      times.bare.push(one.bare)
      times.cold.push(one.cold.whole)
      times.coldFirst.push(one.cold.first)
    }
    const session = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    yield* Scope.extend(sandbox.warm(root), session)
    for (let round = -warmUp; round < rounds; round++) {
      const exec = yield* Effect.promise(() => timed(() => bareExec(running)))
      const warm = yield* Effect.promise(() => clocked(sandbox, command))
      yield* Effect.sleep(thinkingMs)
      if (round < 0) continue
      times.exec.push(exec)
      times.warm.push(warm.whole)
      times.warmFirst.push(warm.first)
    }
    const row = (
      name: string,
      reference: ReadonlyArray<number>,
      figure: ReadonlyArray<number>,
      most: number
    ): BenchRow => {
      const [base, ours] = [median(reference), median(figure)]
      const ratio = ours / base
      const what = `${name} (median of ${rounds})`
      return { what, reference: base, figure: ours, ratio, bar: `<= ${most}x`, unit: "ms", ok: ratio <= most }
    }
    const { backend } = dialect
    return [
      row(
        `cold ${backend} sandbox, against bare create, start, wait, remove with the same options`,
        times.bare,
        times.cold,
        bars.cold
      ),
      row(
        `warm ${backend} sandbox, against a bare exec in a running container by the engine's API`,
        times.exec,
        times.warm,
        bars.warm
      ),
      row(
        `${backend} sandbox out of the pool, to its first output, against one made for the command`,
        times.coldFirst,
        times.warmFirst,
        bars.acquire
      )
    ]
  }).pipe(
    Effect.scoped,
    Effect.provide(layerLazy({ socket })),
    Effect.catchTag("SandboxUnavailable", (error) => unmeasured("container", error.backend, error))
  )

/** What a container costs beyond the engine's own work, cold and warm, for each engine that answers. */
export const run = (): Promise<ReadonlyArray<BenchRow>> => ofEach(measure)

if (isMain(import.meta.url)) print(await run())
