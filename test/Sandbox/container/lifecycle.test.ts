import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule } from "effect"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { Sandbox } from "../../../src/Sandbox.ts"
import { signsOf } from "../../../src/Sandbox/container/copied/sees.ts"
import { markOf } from "../../../src/Sandbox/container/KernelMark.ts"
import * as Docker from "../../../src/Sandbox/Docker.ts"
import * as Podman from "../../../src/Sandbox/Podman.ts"
import { type Fate, makeEngineProxy } from "../../support/engineProxy.ts"
import { containers, ensureBaseImage, requireEngine, sockets, startKernel } from "../../support/engines.ts"
import { command, stage, text, users } from "../../support/sandbox.ts"
import { survivors } from "../../support/survivors.ts"

const [create, attach, start, kill, remove] = [
  "POST containers/create",
  "POST containers/ID/attach",
  "POST containers/ID/start",
  "POST containers/ID/kill",
  "DELETE containers/ID"
] as const

/** Where a kernel is when it is killed: the call it waits for, the how manieth of its kind, and whether the engine has done it. */
const steps = [
  { step: "trying what the engine sees", call: create, times: 1 },
  { step: "cleaning up after that", call: remove, times: 1 },
  { step: "creating", call: create, times: 2 },
  { step: "attaching", call: attach, times: 2 },
  { step: "starting", call: start, times: 2 },
  { step: "stopping", call: kill, times: 1 },
  { step: "removing", call: remove, times: 2 },
  { step: "creating one to be ready", call: create, times: 3 },
  { step: "attaching to one to be ready", call: attach, times: 3 },
  { step: "starting one to be ready", call: start, times: 3 },
  { step: "removing one that was ready", call: remove, times: 3 }
].flatMap((one) =>
  (["hold", "lose"] as const).map((fate) => ({ ...one, fate, when: fate === "hold" ? "before" : "after" }))
)

describe.each((["docker", "podman"] as const).filter(requireEngine))("Life of a container in %s", (name) => {
  const module = name === "docker" ? Docker : Podman
  const session = `test-life-${name}-${process.pid}`
  const left = () => containers(name, `fluffy.session=${session}`)
  const volumes = () =>
    spawnSync(name, ["volume", "ls", "--quiet", "--filter", `label=fluffy.session=${session}`], { encoding: "utf8" })
      .stdout
  const options = { socket: sockets[name], session }
  const marker = `7${process.pid}6`
  const signs = (mark: string) =>
    [tmpdir(), "/dev/shm", "/var/tmp"].flatMap((place) => readdirSync(place)).filter((name) =>
      name.startsWith(signsOf(mark))
    )

  beforeAll(() => Effect.runPromise(ensureBaseImage(name)), 180_000)

  /** The next start of a kernel; what its dead predecessor had asked for may still be under way in the engine. */
  const nextStart = Effect.void.pipe(
    Effect.provide(module.layer(options)),
    Effect.zipRight(Effect.sync(left)),
    Effect.repeat({
      until: (ids) => ids.length === 0,
      schedule: Schedule.spaced("300 millis").pipe(Schedule.intersect(Schedule.recurs(30)))
    }),
    Effect.zipRight(Effect.sync(left))
  )

  it.scopedLive.each(steps)(
    "leaves nothing after a start when its kernel was killed $step, $when the engine did it",
    ({ call, fate, times }) =>
      Effect.gen(function*() {
        const proxy = yield* makeEngineProxy(sockets[name])
        const root = yield* stage(users.at(-1)!)
        let seen = 0
        proxy.fate = (asked) => asked === call && ++seen === times ? fate : "pass"
        const line = call === kill ? ["sh", "-c", `trap '' TERM; while :; do sleep ${marker}; done`] : ["true"]
        const timeoutMs = call === kill ? 300 : 20_000
        const kernel = startKernel({ engine: name, socket: proxy.socket, session, root, times: 9, timeoutMs, line })
        yield* Deferred.await(proxy.reached)
        const mark = markOf(kernel.pid!)
        kernel.kill("SIGKILL")
        yield* Effect.promise(() => once(kernel, "exit"))
        assert.deepStrictEqual([yield* nextStart, survivors(marker), volumes(), signs(mark)], [[], [], "", []])
      }),
    120_000
  )

  it.scopedLive(
    "leaves nothing after a start when its kernel was killed over a running command, or with one ready",
    () =>
      Effect.gen(function*() {
        const root = yield* stage(users.at(-1)!)
        const given = { engine: name, socket: sockets[name], session, root }
        const running = startKernel({ ...given, line: ["sh", "-c", `echo up; sleep ${marker}`] })
        yield* Effect.promise(() => once(running.stdout, "data"))
        const idle = startKernel({ ...given, times: 2, line: ["sh", "-c", "echo up; sleep 0.1"] })
        yield* Effect.promise(() => once(idle.stdout, "data"))
        yield* Effect.repeat(Effect.sync(left), {
          until: (ids) => ids.length === 2,
          schedule: Schedule.spaced("50 millis")
        })
        for (const kernel of [running, idle]) {
          kernel.kill("SIGKILL")
          yield* Effect.promise(() => once(kernel, "exit"))
        }
        assert.deepStrictEqual([yield* nextStart, survivors(marker)], [[], []])
      }),
    120_000
  )

  const failing: ReadonlyArray<{ readonly call: string; readonly fate: Fate; readonly goesOn: boolean }> = [
    { call: create, fate: "fail", goesOn: false },
    { call: attach, fate: "fail", goesOn: false },
    { call: start, fate: "fail", goesOn: false },
    { call: kill, fate: "fail", goesOn: true },
    { call: kill, fate: "hold", goesOn: true }
  ]
  it.scopedLive.each(failing)(
    "is cleaned up when the engine meets $call with: $fate",
    ({ call, fate, goesOn }) =>
      Effect.gen(function*() {
        const proxy = yield* makeEngineProxy(sockets[name])
        const lazy = module.layerLazy({ ...options, socket: proxy.socket })
        proxy.fate = (asked) => asked === call ? fate : "pass"
        const sandbox = yield* Effect.provide(Sandbox, lazy)
        const line = command(["sh", "-c", `echo x; sleep ${marker}`], { limits: { timeoutMs: goesOn ? 300 : 5000 } })
        const ended = yield* Effect.either(sandbox.run(line))
        // Where the engine's processes are this machine's, a kill does not need it.
        assert.strictEqual(
          ended._tag === "Right" ? ended.right.ended : ended.left._tag,
          goesOn ? "timeout" : "SandboxFailed"
        )
        assert.deepStrictEqual([survivors(marker), left()], [[], []])
      }),
    120_000
  )

  it.scopedLive.each([["fail", 5], ["hold", 1]] as const)(
    "kills what it cannot remove, and removes it when the layer ends (%s)",
    ([fate, least]) =>
      Effect.gen(function*() {
        const proxy = yield* makeEngineProxy(sockets[name])
        yield* Effect.gen(function*() {
          const sandbox = yield* Sandbox
          yield* sandbox.run(command(["true"]))
          let asked = 0
          proxy.fate = (call) => {
            if (call !== remove) return "pass"
            asked++
            return fate
          }
          const up = yield* Deferred.make<void>()
          const onOutput = () => Deferred.unsafeDone(up, Effect.void)
          const fiber = yield* Effect.fork(sandbox.run(command(["sh", "-c", `echo x; sleep ${marker}`], { onOutput })))
          yield* Deferred.await(up)
          yield* Fiber.interrupt(fiber)
          assert.isAtLeast(asked, least)
          assert.deepStrictEqual(survivors(marker), [])
          assert.lengthOf(left(), 1)
          const result = yield* sandbox.run(command(["echo", "on"]))
          assert.strictEqual(text(result.stdout), "on\n")
          proxy.fate = () => "pass"
        }).pipe(Effect.provide(module.layerLazy({ ...options, socket: proxy.socket })))
        assert.deepStrictEqual(left(), [])
      }),
    120_000
  )
})
