import { assert, beforeAll, describe, it } from "@effect/vitest"
import Dockerode from "dockerode"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { Sandbox } from "../../src/Sandbox.ts"
import { connect } from "../../src/Sandbox/container/Engine.ts"
import { baseImageName } from "../../src/Sandbox/container/image.ts"
import { baseImageLabel, labels, machine, markOf } from "../../src/Sandbox/container/KernelMark.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { containers, ensureBaseImage, sockets, startKernel } from "../support/engines.ts"
import { command, run, stage, text, users } from "../support/sandbox.ts"
import { survivors } from "../support/survivors.ts"
import * as SandboxContract from "./SandboxContract.ts"
import * as TemplateContract from "./TemplateContract.ts"

const MiB = 1 << 20
const ordinary = users.at(-1)!
const python = (source: string) => ["/usr/bin/python3", "-B", "-c", source] as const

/** Outlive their parent and ignore SIGTERM. Prints when they are up. */
const daemons = (marker: string) => `
  setsid sleep ${marker}1 >/dev/null 2>&1 &
  sh -c 'trap "" TERM HUP INT; sleep ${marker}2 & echo ready; while :; do sleep ${marker}3; done' &
`

const archiveOf = (name: string, content: string): Buffer => {
  const root = mkdtempSync(join(tmpdir(), "fluffy-archive-"))
  writeFileSync(join(root, name), content)
  const { stdout } = spawnSync("tar", ["-C", root, "-c", name])
  rmSync(root, { recursive: true })
  return stdout
}

/** The id of the image that the engine builds of an archive. */
const build = async (docker: Dockerode, context: Buffer, t?: string): Promise<string> => {
  const progress = await docker.buildImage(Readable.from([context]), t === undefined ? {} : { t })
  let told = ""
  for await (const chunk of progress) told += String(chunk)
  const id = /"ID":"(sha256:[0-9a-f]{64})"/.exec(told)?.[1]
  return id ?? assert.fail(told)
}

// Podman asks for more than its own service has, where it is not told.
const unlimited = (name: "docker" | "podman") => {
  const Ulimits = ["nofile", "nproc"].map((Name) => ({ Name, Soft: 1024, Hard: 1024 }))
  return name === "podman" ? { HostConfig: { Ulimits } } : {}
}

/** What both engines hold beyond the contract of every sandbox. */
export const suite = (name: "docker" | "podman") => {
  const module = name === "docker" ? Docker : Podman
  const session = `test-${name}-${process.pid}`
  const options = { socket: sockets[name], session }
  const lazy = module.layerLazy(options)
  const left = () => containers(name, `fluffy.session=${session}`)
  const unique = (n: number, uid = 0) => `7${process.pid}${n}${uid}`

  beforeAll(() => Effect.runPromise(ensureBaseImage(name)), 180_000)

  SandboxContract.suite(`Sandbox/${name}`, lazy)
  TemplateContract.suite(`Sandbox/${name}`, lazy)

  describe(`Sandbox/${name} in containers`, () => {
    const provide = Effect.provide(lazy)

    it.live("is tried when its layer is built, and names what it found", () =>
      Effect.gen(function*() {
        const { detail, remedy, usable } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
        assert.isTrue(usable)
        assert.match(detail, new RegExp(`^${name} \\d+\\.\\d+.*, (rootless|run by root), control groups version [12]$`))
        assert.isUndefined(remedy)
      }).pipe(Effect.provide(Layer.orDie(module.layer(options)))))

    it.live("refuses an image that is not there with the command that gets it", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          Effect.provide(run(["true"]), module.layerLazy({ ...options, image: "localhost/no-such-image:1" }))
        )
        assert.strictEqual(error._tag, "SandboxUnavailable")
        assert.include(error.message, "there is no image localhost/no-such-image:1")
        assert.include(error.message, `${name} pull localhost/no-such-image:1`)
      }))

    it.scopedLive.each(users)(
      "shows user $uid mounts at project paths, whatever their names",
      (user) =>
        Effect.gen(function*() {
          const root = yield* stage(user)
          const [outer, inner, file] = [join(root, "outer,rw,a=b"), join(root, "inner"), join(root, "file")]
          for (const directory of [outer, inner, join(outer, "node_modules")]) mkdirSync(directory)
          for (const directory of [outer, inner]) chmodSync(directory, 0o777)
          writeFileSync(join(inner, "package"), "dependency")
          writeFileSync(file, "one file")
          writeFileSync(join(outer, ".env"), "hidden by a mount")
          const line = "cat node_modules/package /home/u/x/file .env; echo > made; echo > node_modules/no; echo > .env"
          const result = yield* run(["sh", "-c", line], {
            user,
            cwd: "/tmp/x/my project, rw",
            mounts: [
              { source: inner, target: "/tmp/x/my project, rw/node_modules", mode: "ro" },
              { source: file, target: "/tmp/x/my project, rw/.env", mode: "ro" },
              { source: file, target: "/home/u/x/file", mode: "ro" },
              { source: outer, target: "/tmp/x/my project, rw", mode: "rw" }
            ]
          })
          assert.strictEqual(text(result.stdout), "dependencyone fileone file")
          assert.strictEqual(text(result.stderr).match(/Read-only file system/g)?.length, 2)
          assert.deepStrictEqual(readdirSync(outer).sort(), [".env", "made", "node_modules"])
          assert.deepStrictEqual(readdirSync(inner), ["package"])
          const { gid, uid } = statSync(join(outer, "made"))
          assert.deepStrictEqual({ uid, gid }, user)
        }).pipe(provide)
    )

    it.live.each([ordinary])(
      "leaves no process of user $uid, however a command ends",
      (user) =>
        Effect.gen(function*() {
          const marker = unique(1, user.uid)
          const byItself = yield* run(["sh", "-c", `${daemons(marker)} sleep 0.1; exit 5`], { user })
          assert.deepStrictEqual([byItself.exitCode, byItself.ended, survivors(marker)], [5, "exit", []])
          const late = yield* run(["sh", "-c", `${daemons(marker)} while :; do sleep ${marker}; done`], {
            user,
            limits: { timeoutMs: 500 }
          })
          assert.deepStrictEqual([late.ended, survivors(marker)], ["timeout", []])
          assert.deepStrictEqual(left(), [])
        }).pipe(provide)
    )

    it.live("kills and removes what is interrupted, at any moment", () =>
      Effect.gen(function*() {
        const marker = unique(2)
        const sandbox = yield* Sandbox
        const ready = yield* Deferred.make<void>()
        const line = ["sh", "-c", `${daemons(marker)} while :; do sleep ${marker}; done`] as const
        const onOutput = () => Deferred.unsafeDone(ready, Effect.void)
        const fiber = yield* Effect.fork(sandbox.run(command(line, { onOutput })))
        yield* Deferred.await(ready)
        assert.isAbove(survivors(marker).length, 2)
        assert.strictEqual(left().length, 1)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        yield* Effect.forEach([0, 5, 20, 60, 150], (ms) =>
          Effect.gen(function*() {
            const early = yield* Effect.fork(sandbox.run(command(["sleep", marker])))
            yield* Effect.sleep(ms)
            yield* Fiber.interrupt(early)
          }), { concurrency: 2 })
        assert.deepStrictEqual([survivors(marker), left()], [[], []])
      }).pipe(provide))

    it.scopedLive("lets an image soften nothing", () =>
      Effect.gen(function*() {
        const image = `localhost/fluffy-soft-${process.pid}:1`
        const engine = (...args: ReadonlyArray<string>) => spawnSync(name, args, { encoding: "utf8" }).stdout.trim()
        // Other tests have volumes of Fluffy's own meanwhile; an image's have no name of ours.
        const volumesOfImages = () =>
          engine("volume", "ls", "--quiet").split("\n").filter((volume) => !volume.startsWith("fluffy-"))
        const volumes = volumesOfImages()
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            const container = engine(
              "create",
              "--network=none",
              "--ulimit=nofile=1024",
              "--ulimit=nproc=1024",
              baseImageName(name),
              "true"
            )
            const changes = [
              "USER 0:0",
              "VOLUME /srv/volume",
              "ENTRYPOINT [\"/no-such\"]",
              "WORKDIR /usr",
              "ENV A=image"
            ]
            engine("commit", ...changes.map((change) => `--change=${change}`), container, image)
            engine("rm", container)
          }),
          () => Effect.sync(() => engine("rmi", "--force", image))
        )
        const line =
          "id -u; pwd; echo $A; stat -f -c %T /srv/volume; dd if=/dev/zero of=/srv/volume/x bs=1M count=40 2>&1 | grep -c 'No space'"
        const result = yield* Effect.provide(
          run(["sh", "-c", line], { user: ordinary }),
          module.layerLazy({ ...options, image })
        )
        assert.strictEqual(text(result.stdout), `${ordinary.uid}\n/tmp\nimage\ntmpfs\n1\n`)
        assert.deepStrictEqual(volumesOfImages(), volumes)
      }))

    it.live("asks a command to end before it kills it at the time limit", () =>
      Effect.gen(function*() {
        const result = yield* run(["sh", "-c", "trap 'echo asked; exit 3' TERM; while :; do sleep 0.01; done"], {
          limits: { timeoutMs: 3000 }
        })
        assert.deepStrictEqual([result.ended, result.exitCode, text(result.stdout)], ["timeout", 3, "asked\n"])
      }).pipe(provide))

    it.live("tells how a command ended as every sandbox does", () =>
      Effect.gen(function*() {
        const codes = yield* Effect.forEach(
          [["sh", "-c", "kill -SEGV $$"], ["no-such-command"], ["/etc/hosts"], ["--nproc=1"], ["exit"]] as const,
          (line) => Effect.map(run(line), ({ exitCode }) => exitCode),
          { concurrency: 2 }
        )
        assert.deepStrictEqual(codes, [139, 127, 126, 127, 127])
      }).pipe(provide))

    it.live("feeds standard input byte for byte and ends it", () =>
      Effect.gen(function*() {
        const stdin = new Uint8Array(3_000_000).map((_, at) => at % 251)
        const counted = yield* run(["sh", "-c", "head -c 10 | od -An -tu1; wc -c"], { stdin })
        assert.strictEqual(text(counted.stdout).replace(/\s+/g, " "), " 0 1 2 3 4 5 6 7 8 9 2999990 ")
        assert.strictEqual((yield* run(["true"], { stdin })).exitCode, 0)
        assert.strictEqual(text((yield* run(["cat"])).stdout), "")
        const long = yield* run(["sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 4"])
        assert.deepStrictEqual([long.exitCode, long.ended], [4, "exit"])
      }).pipe(provide))

    it.live("kills the command when whoever watches its output fails", () =>
      Effect.gen(function*() {
        const marker = unique(3)
        const onOutput = () => {
          throw new Error("watcher broke")
        }
        const exit = yield* Effect.exit(run(["sh", "-c", `echo x; sleep ${marker}`], { onOutput }))
        assert.isTrue(Exit.isFailure(exit) && exit.cause._tag === "Die")
        assert.deepStrictEqual([survivors(marker), left()], [[], []])
      }).pipe(provide))

    it.live("removes the containers of a kernel that was killed, and no other's", () =>
      Effect.gen(function*() {
        const marker = unique(4)
        const line = ["sh", "-c", `echo up; sleep ${marker}`]
        const kernel = startKernel({ engine: name, socket: sockets[name], session, line })
        yield* Effect.promise(() => once(kernel.stdout, "data"))
        yield* Effect.void.pipe(Effect.provide(module.layer(options)))
        assert.strictEqual(left().length, 1)
        kernel.kill("SIGKILL")
        yield* Effect.promise(() => once(kernel, "exit"))
        const orphans = left()
        assert.lengthOf(orphans, 1)
        assert.includeMembers([...yield* module.prune(options)], [...orphans])
        assert.deepStrictEqual([survivors(marker), left()], [[], []])
      }))

    it.live("removes what a kernel left that was killed while a container was being made", () =>
      Effect.gen(function*() {
        const docker = new Dockerode({ socketPath: sockets[name] })
        const dead = markOf(process.pid).replace(/^\d+ \d+/, `${spawnSync("true").pid} 1`)
        const marks = { [labels.kernel]: dead, [labels.machine]: machine(), [labels.session]: session }
        yield* Effect.forEach([1, 5, 10, 20, 40, 80], (ms) =>
          Effect.promise(async () => {
            const abortSignal = AbortSignal.timeout(ms)
            const made = docker.createContainer({
              Image: baseImageName(name),
              Cmd: ["true"],
              Labels: marks,
              abortSignal
            })
            await made.catch(() => {})
          }))
        // The engine may still be at it.
        const remaining = Effect.zipRight(module.prune(options), Effect.sync(left))
        yield* Effect.repeat(remaining, { schedule: Schedule.spaced("300 millis"), times: 4 })
        yield* Effect.repeat(remaining, {
          until: (ids) => ids.length === 0,
          schedule: Schedule.spaced("300 millis").pipe(Schedule.intersect(Schedule.recurs(30)))
        })
        assert.deepStrictEqual(left(), [])
      }))

    it.live("removes a base image whose name a later one has taken, once nothing uses it", () =>
      Effect.gen(function*() {
        const docker = new Dockerode({ socketPath: sockets[name] })
        const engine = yield* Effect.promise(() => connect({ socketPath: sockets[name] }))
        const image = `localhost/fluffy-replaced-${process.pid}:1`
        const made = async (content: string) => {
          await engine.importImage(Readable.from([archiveOf("file", content)]), image, [`LABEL ${baseImageLabel}`])
          return (await engine.image(image)).id
        }
        const first = yield* Effect.promise(() => made("1"))
        // It has our label too, and more than our files.
        const context = archiveOf("Dockerfile", `FROM ${first}\nCOPY Dockerfile /\n`)
        const derived = yield* Effect.promise(() => build(docker, context))
        const second = yield* Effect.promise(() => made("2"))
        const container = yield* Effect.promise(() => engine.create({ Image: second, Cmd: ["x"], ...unlimited(name) }))
        const third = yield* Effect.promise(() => made("3"))
        const pruned = Effect.gen(function*() {
          yield* module.prune(options)
          const all = yield* Effect.promise(() => docker.listImages({ all: true }))
          return [first, derived, second, third].map((id) => all.some(({ Id }) => Id === id))
        })
        assert.deepStrictEqual(yield* pruned, [true, true, true, true])
        yield* Effect.promise(() => engine.remove(container))
        assert.deepStrictEqual(yield* pruned, [true, true, false, true])
        yield* Effect.promise(() => engine.removeImage(derived))
        yield* Effect.promise(() => engine.removeImage(image))
        yield* pruned
      }))

    it.live("takes the image that has the name now when the one it knew is gone", () =>
      Effect.gen(function*() {
        const docker = new Dockerode({ socketPath: sockets[name] })
        const image = `localhost/fluffy-again-${process.pid}:1`
        const made = async (which: number) => {
          const context = archiveOf("Dockerfile", `FROM ${baseImageName(name)}\nENV WHICH=${which}\n`)
          return build(docker, context, image)
        }
        const which = run(["sh", "-c", "echo $WHICH"])
        yield* Effect.gen(function*() {
          const first = yield* Effect.promise(() => made(1))
          assert.strictEqual(text((yield* which).stdout), "1\n")
          yield* Effect.promise(() => made(2))
          yield* Effect.promise(() => docker.getImage(first).remove())
          assert.strictEqual(text((yield* which).stdout), "2\n")
        }).pipe(
          Effect.provide(module.layerLazy({ ...options, image })),
          Effect.ensuring(Effect.promise(() => docker.getImage(image).remove()))
        )
      }))

    it.live.each([ordinary])("holds the memory and the processes of user $uid", (user) =>
      Effect.gen(function*() {
        const marker = unique(5, user.uid)
        const bomb = python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass")
        const forks = yield* run([...bomb, marker], { user, limits: { processes: 20 } })
        assert.deepStrictEqual([forks.ended, survivors(marker)], ["processes", []])
        const limits = { memoryBytes: 96 * MiB, diskBytes: 16 * MiB }
        const eater = yield* run(python("blocks = []\nwhile True: blocks.append(bytearray(8 << 20))"), { user, limits })
        // Where control groups do not hold it, the allocation fails instead.
        const held = eater.ended === "memory" ? eater.exitCode === 137 : text(eater.stderr).includes("MemoryError")
        assert.isTrue(held, `${eater.ended} ${eater.exitCode}`)
      }).pipe(provide))

    it.scopedLive.each([ordinary])("holds what user $uid writes", (user) =>
      Effect.gen(function*() {
        const root = yield* stage(user)
        const project = { cwd: "/srv/p", user, mounts: [{ source: root, target: "/srv/p", mode: "rw" as const }] }
        const limits = { fileBytes: 4 * MiB, diskBytes: 16 * MiB }
        const big = yield* run(["sh", "-c", "head -c 5000000 /dev/zero > big"], { ...project, limits })
        assert.deepStrictEqual([statSync(join(root, "big")).size, big.ended], [limits.fileBytes, "exit"])
        const many = "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; done"
        assert.strictEqual((yield* run(["sh", "-c", many], { ...project, limits })).ended, "disk")
        const fill =
          "head -c 400000000 /dev/zero > /tmp/x; head -c 400000000 /dev/zero > /dev/shm/x; stat -c %s /tmp/x /dev/shm/x"
        const memory = yield* run(["sh", "-c", fill], { user, limits: { fileBytes: 500 * MiB } })
        assert.deepStrictEqual(text(memory.stdout).trim().split("\n").map(Number), [256 * MiB, 64 * MiB])
      }).pipe(provide))
  })
}
