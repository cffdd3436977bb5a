import { assert, beforeAll, describe, it } from "@effect/vitest"
import Dockerode from "dockerode"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule, Scope } from "effect"
import { chownSync, mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Sandbox, type SandboxCommand } from "../../../src/Sandbox.ts"
import * as Docker from "../../../src/Sandbox/Docker.ts"
import * as Podman from "../../../src/Sandbox/Podman.ts"
import { type EngineProxy, makeEngineProxy } from "../../support/engineProxy.ts"
import { containers, ensureBaseImage, requireEngine, sockets } from "../../support/engines.ts"
import { command, stage, text, users } from "../../support/sandbox.ts"
import { survivors } from "../../support/survivors.ts"

const user = users.at(-1)!
const create = "POST containers/create"
const attach = "POST containers/ID/attach"
const start = "POST containers/ID/start"
const patience = 120_000

describe.each((["docker", "podman"] as const).filter(requireEngine))("Sandbox/container kept ready by %s", (name) => {
  const module = name === "docker" ? Docker : Podman
  const session = `test-warm-${name}-${process.pid}`
  const left = () => containers(name, `fluffy.session=${session}`)

  beforeAll(() => Effect.runPromise(ensureBaseImage(name)), 180_000)

  interface World {
    readonly proxy: EngineProxy
    readonly root: string
    readonly scope: Scope.CloseableScope
    readonly at: (
      line: readonly [string, ...ReadonlyArray<string>],
      options?: Parameters<typeof command>[1]
    ) => SandboxCommand
    /** Runs it until a container was ready for it: then the engine was not asked to start one. */
    readonly warmly: (command: SandboxCommand) => Effect.Effect<string, unknown>
    /** The same, and waits for the next that is ready for it. */
    readonly ready: (command: SandboxCommand) => Effect.Effect<void, unknown>
  }

  /** A sandbox that keeps containers ready for a directory, behind a proxy that sees what is asked of the engine. */
  const inWorld = <A, E>(body: (world: World, sandbox: Sandbox["Type"]) => Effect.Effect<A, E, Scope.Scope>) =>
    Effect.gen(function*() {
      const proxy = yield* makeEngineProxy(sockets[name])
      const sandbox = yield* Effect.provide(
        Sandbox,
        yield* Layer.memoize(module.layerLazy({ socket: proxy.socket, session }))
      )
      const root = yield* stage(user)
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      yield* Scope.extend(sandbox.warm(root), scope)
      const at: World["at"] = (line, options = {}) =>
        command(line, { user, cwd: "/srv/p", mounts: [{ source: root, target: "/srv/p", mode: "rw" }], ...options })
      const run = (command: SandboxCommand) =>
        Effect.gen(function*() {
          const before = proxy.answers(start)
          const { stderr, stdout } = yield* sandbox.run(command)
          assert.strictEqual(text(stderr), "")
          const cold = proxy.answers(start) > before
          // What is started ahead comes after the command's own.
          if (cold) yield* proxy.answersMore(start, before + 1)
          return { before, cold, out: text(stdout) }
        })
      const warm = (command: SandboxCommand) =>
        Effect.repeat(run(command), { while: ({ cold }) => cold, times: 20 }).pipe(
          Effect.tap(({ cold }) => Effect.sync(() => assert.isFalse(cold, "no container was ever ready")))
        )
      const warmly: World["warmly"] = (command) => Effect.map(warm(command), ({ out }) => out)
      const ready: World["ready"] = (command) =>
        Effect.flatMap(warm(command), ({ before }) => proxy.answersMore(start, before))
      return yield* body({ proxy, root, scope, at, warmly, ready }, sandbox)
    })

  const settled = Effect.repeat(Effect.sync(left), {
    until: (ids) => ids.length === 0,
    schedule: Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(100)))
  })

  it.scopedLive(
    "makes none before the first command, and leaves none when the session is closed",
    () =>
      inWorld(({ at, ready, scope }) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(left(), [])
          yield* ready(at(["true"]))
          assert.isNotEmpty(left())
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(left(), [])
        })
      ),
    patience
  )

  it.scopedLive(
    "shows a command the same sandbox as one that is made for it",
    () =>
      inWorld(({ at, warmly }, sandbox) =>
        Effect.gen(function*() {
          const look =
            "pwd; id; env | sort; cat; readlink /proc/self/fd/0 | sed s/[0-9]*//g; grep -E 'Cap|NoNew|Seccomp' /proc/self/status; " +
            "ulimit -a; cat /proc/self/mountinfo | cut -d' ' -f 5- | sed 's/[0-9]//g' | grep -v overlay | sort; ls -la / /tmp /dev | sed 's/[0-9:]*//g'; " +
            "printf '%s|' \"$@\""
          const of = (options: Parameters<typeof command>[1]) =>
            at(["sh", "-c", look, "sh", "a'b", "é\n", "", "$HOME"], { env: { GIVEN: "x'\n" }, ...options })
          for (const options of [{}, { stdin: Buffer.from("typed\n") }]) {
            const own = yield* sandbox.run({
              ...of(options),
              mounts: of(options).mounts.toReversed(),
              env: { GIVEN: "x'\n" }
            })
            assert.strictEqual(yield* warmly(of(options)), text(own.stdout))
          }
        })
      ),
    patience
  )

  it.scopedLive(
    "passes nothing from one command to the next but what lies in the stage",
    () =>
      inWorld(({ at, root, warmly }) =>
        Effect.gen(function*() {
          const leave =
            "echo > kept; echo > /tmp/x; echo > /dev/shm/x; setsid sleep 1000 >/dev/null 2>&1 & cd /tmp; export A=1"
          yield* warmly(at(["sh", "-c", leave]))
          const look = "ls /tmp /dev/shm; ls; ps -e -o args= 2>/dev/null | grep -c '[s]leep 1000'; echo ${A-}"
          assert.strictEqual(yield* warmly(at(["sh", "-c", look])), "/dev/shm:\n\n/tmp:\nhome\nkept\n0\n\n")
          writeFileSync(join(root, "kept"), "by the kernel")
          assert.strictEqual(yield* warmly(at(["cat", "kept"])), "by the kernel")
        })
      ),
    patience
  )

  it.scopedLive(
    "gives a command of another template a container of that template",
    () =>
      inWorld(({ at, warmly }, sandbox) =>
        Effect.gen(function*() {
          const fork = `
import os
try:
    pid = os.fork()
except OSError as e:
    os.write(1, os.strerror(e.errno).encode())
    os._exit(0)
if pid == 0: os._exit(0)
os.waitpid(pid, 0)
os.write(1, b"forked")`
          const line = ["/usr/bin/python3", "-B", "-c", fork] as const
          assert.strictEqual(yield* warmly(at(line)), "forked")
          const strict = at(line, { template: "strict" })
          assert.strictEqual(text((yield* sandbox.run(strict)).stdout), "Operation not permitted")
          assert.strictEqual(yield* warmly(strict), "Operation not permitted")
          // What the shell could tell such a container only with a child of its own gets one that is made for it.
          const accented = at(["/usr/bin/printf", "%s", "é"], { template: "strict" })
          assert.strictEqual(text((yield* sandbox.run(accented)).stdout), "é")
          assert.strictEqual(yield* warmly(at(line)), "forked")
        })
      ),
    patience
  )

  it.scopedLive(
    "does not use one whose mounts are no longer what they were",
    () =>
      inWorld(({ at, ready, root, warmly }, sandbox) =>
        Effect.gen(function*() {
          const tree = yield* stage(user)
          writeFileSync(join(tree, "package"), "dependency")
          mkdirSync(join(root, "node_modules"))
          const mounts = [
            { source: root, target: "/srv/p", mode: "rw" },
            { source: tree, target: "/srv/p/node_modules", mode: "ro" }
          ] as const
          const cat = at(["sh", "-c", "cat node_modules/package; (echo > node_modules/x) 2>/dev/null || echo , kept"], {
            mounts
          })
          assert.strictEqual(yield* warmly(cat), "dependency, kept\n")
          // What a restored stage does to a mount point. The kernel takes the mount of a parked container away with it.
          for (
            const swap of [
              () => rmdirSync(join(root, "node_modules")),
              () => renameSync(tree, `${tree}-old`)
            ]
          ) {
            yield* ready(cat)
            // No use begins before a start is over, not even one of another kind.
            yield* sandbox.run(at(["true"]))
            swap()
            mkdirSync(join(root, "node_modules"), { recursive: true })
            mkdirSync(tree, { recursive: true })
            writeFileSync(join(tree, "package"), "dependency")
            assert.strictEqual(yield* warmly(cat), "dependency, kept\n")
          }
        })
      ),
    patience
  )

  it.scopedLive(
    "holds files of the stage read-only, also when a name of theirs was taken away and put back",
    () =>
      inWorld(({ at, proxy, ready, root, warmly }, sandbox) =>
        Effect.gen(function*() {
          const [directory, file] = [join(root, "test"), join(root, "test", "a")]
          mkdirSync(directory)
          writeFileSync(file, "kept")
          for (const path of [directory, file]) chownSync(path, user.uid, user.gid)
          const plain = at(["true"])
          const mounts = [
            ...plain.mounts,
            { source: directory, target: "/srv/p/test", mode: "rw" },
            { source: file, target: "/srv/p/test/a", mode: "ro" }
          ] as const
          const tries =
            "for try in 'echo > test/a' 'rm -f test/a' 'mv test/a b' 'mv test c'; do (eval \"$try\") 2>/dev/null && echo \"$try\"; done; cat test/a"
          const held = at(["sh", "-c", tries], { mounts })
          assert.strictEqual(yield* warmly(held), "kept")
          yield* ready(held)
          // By a command that may: the mount on the file is gone with its first name, in every container that is ready.
          const swap = yield* sandbox.run(at(["sh", "-c", "ln test/a other && rm test/a && mv other test/a"]))
          assert.deepStrictEqual([text(swap.stderr), swap.exitCode], ["", 0])
          const before = proxy.answers(start)
          assert.strictEqual(text((yield* sandbox.run(held)).stdout), "kept")
          assert.isAbove(proxy.answers(start), before)
          assert.strictEqual(yield* warmly(held), "kept")
        })
      ),
    patience
  )

  it.scopedLive(
    "attaches to nothing while a command runs, since engines may look at the mounts then",
    () =>
      inWorld(({ at, proxy, root, warmly }, sandbox) =>
        Effect.gen(function*() {
          const [making, goOn, up] = yield* Effect.all([
            Deferred.make<void>(),
            Deferred.make<"pass">(),
            Deferred.make<void>()
          ])
          let [creates, meanwhile, runs] = [0, 0, false]
          proxy.fate = (asked) => {
            if (asked === attach && runs) meanwhile++
            // The first is to try what the engine sees, the second the command's own.
            if (asked !== create || ++creates !== 3) return "pass"
            Deferred.unsafeDone(making, Effect.void)
            return Effect.runPromise(Deferred.await(goOn))
          }
          yield* sandbox.run(at(["true"]))
          yield* Deferred.await(making)
          const onOutput = () => Deferred.unsafeDone(up, Effect.void)
          const long = ["sh", "-c", "echo up; until [ -e go ]; do sleep 0.05; done"] as const
          const fiber = yield* Effect.fork(sandbox.run(at(long, { onOutput })))
          yield* Deferred.await(up)
          runs = true
          const before = proxy.answers(create)
          yield* Deferred.succeed(goOn, "pass")
          yield* proxy.answersMore(create, before)
          // This one is attached to, in the time of which the other would have been.
          yield* sandbox.run(at(["true"]))
          assert.strictEqual(meanwhile, 1)
          runs = false
          writeFileSync(join(root, "go"), "")
          yield* Fiber.join(fiber)
          assert.strictEqual(yield* warmly(at(["echo", "x"])), "x\n")
        })
      ),
    patience
  )

  it.scopedLive(
    "is not for commands that can write elsewhere or when no session asks for it",
    () =>
      inWorld(({ at, root, scope, warmly }, sandbox) =>
        Effect.gen(function*() {
          const [other, next] = [yield* stage(user), yield* stage(user)]
          const both = at(["true"], {
            mounts: [...at(["true"]).mounts, { source: other, target: "/srv/other", mode: "rw" }]
          })
          const shown = (directory: string) => containers(name, `fluffy.session=${session}`, `volume=${directory}`)
          yield* sandbox.run(both)
          // Twice in the time of which one would have been made for it.
          for (const _ of [1, 2]) yield* warmly(at(["true"]))
          assert.deepStrictEqual(shown(other), [])
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(left(), [])
          yield* sandbox.run(at(["true"]))
          yield* sandbox.warm(next)
          for (const _ of [1, 2]) {
            yield* warmly(at(["true"], { mounts: [{ source: next, target: "/srv/p", mode: "rw" }] }))
          }
          assert.deepStrictEqual(shown(root), [])
        })
      ),
    patience
  )

  it.scopedLive(
    "kills what is interrupted, and ends what runs too long, as without it",
    () =>
      inWorld(({ at, ready }, sandbox) =>
        Effect.gen(function*() {
          const marker = `7${process.pid}8`
          yield* ready(at(["true"]))
          const fiber = yield* Effect.fork(sandbox.run(at(["sleep", marker])))
          yield* Effect.repeat(Effect.sync(() => survivors(marker)), {
            until: (found) => found.length > 0,
            schedule: Schedule.spaced("20 millis")
          })
          yield* Fiber.interrupt(fiber)
          assert.deepStrictEqual(survivors(marker), [])
          yield* ready(at(["true"]))
          const late = yield* sandbox.run(
            at(["sh", "-c", `trap '' TERM; setsid sleep ${marker} & while :; do sleep ${marker}; done`], {
              limits: { timeoutMs: 400 }
            })
          )
          assert.deepStrictEqual([late.ended, late.exitCode, survivors(marker)], ["timeout", 137, []])
        })
      ),
    patience
  )

  it.scopedLive(
    "runs a command once and no more when what was ready for it is gone",
    () =>
      inWorld(({ at, ready }, sandbox) =>
        Effect.gen(function*() {
          const write = at(["sh", "-c", "echo x >> runs; wc -l < runs"])
          const count = Effect.map(sandbox.run(write), ({ stdout }) => Number(text(stdout)))
          yield* ready(write)
          const before = yield* count
          yield* ready(write)
          const again = yield* count
          assert.isAbove(again, before)
          yield* ready(at(["true"]))
          // Removed by somebody while it is ready.
          for (const id of left()) {
            yield* Effect.promise(() =>
              new Dockerode({ socketPath: sockets[name] }).getContainer(id).remove({ force: true })
            )
          }
          assert.strictEqual(yield* count, again + 1)
        })
      ),
    patience
  )

  it.scopedLive.each(
    [create, attach, start].flatMap((call) => (["fail", "hold"] as const).map((fate) => ({ call, fate })))
  )(
    "runs a command all the same while the engine meets $call for what is to be ready with: $fate",
    ({ call, fate }) =>
      inWorld(({ at, proxy }, sandbox) =>
        Effect.gen(function*() {
          const met = yield* Deferred.make<void>()
          let seen = 0
          // The first is to try what the engine sees, the second the command's own.
          proxy.fate = (asked) => {
            if (asked !== call || ++seen !== 3) return "pass"
            Deferred.unsafeDone(met, Effect.void)
            return fate
          }
          yield* sandbox.run(at(["true"]))
          yield* Deferred.await(met)
          const { exitCode } = yield* sandbox.run(at(["sh", "-c", "exit 4"]))
          assert.strictEqual(exitCode, 4)
          proxy.letGo()
        })
      ),
    patience
  )

  it.scopedLive("leaves nothing behind", () => Effect.map(settled, () => assert.deepStrictEqual(left(), [])))
})
