import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { self } from "../../src/internal/owner.ts"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import { requireRuntime } from "../support/require.ts"
import { command, isRoot, run, stage, text, users } from "../support/sandbox.ts"
import { survivors } from "../support/survivors.ts"

/** Four ways to outlive a parent; the last also ignores SIGTERM. Prints when all are up, then waits for ever. */
const daemons = (marker: string) => `
  setsid sleep ${marker}1 >/dev/null 2>&1 &
  nohup sleep ${marker}2 >/dev/null 2>&1 &
  (setsid sh -c 'sleep ${marker}3 & sleep ${marker}4 &' >/dev/null 2>&1 &)
  sh -c 'trap "" TERM HUP INT; sleep ${marker}5 & echo ready; while :; do sleep ${marker}6; done' &
  trap "" TERM HUP INT
`
const unique = (n: number) => `7${process.pid}${n}`

const entry = fileURLToPath(new URL("./runs.ts", import.meta.url))

if (requireRuntime("bubblewrap")) {
  describe("Sandbox/Bubblewrap, to the end", () => {
    const provide = Effect.provide(Bubblewrap.layerLazy())

    it.live.each(users)(
      "leaves no process of user $uid when the command ends before its daemons",
      (user) =>
        Effect.gen(function*() {
          const marker = unique(1) + user.uid
          const result = yield* run(["sh", "-c", `${daemons(marker)} sleep 0.1; exit 5`], { user })
          assert.deepStrictEqual([result.exitCode, result.ended], [5, "exit"])
          assert.deepStrictEqual(survivors(marker), [])
        }).pipe(provide)
    )

    it.live.each(users)("leaves no process of user $uid at the time limit", (user) =>
      Effect.gen(function*() {
        const marker = unique(2) + user.uid
        const result = yield* run(["sh", "-c", `${daemons(marker)} while :; do sleep ${marker}; done`], {
          user,
          limits: { timeoutMs: 300 }
        })
        assert.strictEqual(result.ended, "timeout")
        assert.deepStrictEqual(survivors(marker), [])
        assert.isBelow(result.durationMs, 10_000)
      }).pipe(provide))

    it.live.each(users)(
      "has killed every process of user $uid when an interruption is over",
      (user) =>
        Effect.gen(function*() {
          const marker = unique(3) + user.uid
          const sandbox = yield* Sandbox
          const ready = yield* Deferred.make<void>()
          const onOutput = () => Deferred.unsafeDone(ready, Effect.void)
          const line = ["sh", "-c", `${daemons(marker)} while :; do sleep ${marker}; done`] as const
          const fiber = yield* Effect.fork(sandbox.run(command(line, { user, onOutput })))
          yield* Deferred.await(ready)
          assert.isAbove(survivors(marker).length, 4)
          const exit = yield* Fiber.interrupt(fiber)
          assert.isTrue(Exit.isInterrupted(exit))
          assert.deepStrictEqual(survivors(marker), [])
        }).pipe(provide)
    )

    it.live("leaves nothing when interrupted before the sandbox is up", () =>
      Effect.gen(function*() {
        const marker = unique(4)
        const sandbox = yield* Sandbox
        yield* Effect.forEach([0, 0, 1, 2, 3, 5, 8, 13], (ms) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.fork(sandbox.run(command(["sleep", marker])))
            yield* ms === 0 ? Effect.yieldNow() : Effect.sleep(ms)
            yield* Fiber.interrupt(fiber)
            assert.deepStrictEqual(survivors(marker), [])
          }))
      }).pipe(provide))

    it.live("asks a command to end before it kills it at the time limit", () =>
      Effect.gen(function*() {
        const result = yield* run(["sh", "-c", "trap 'echo asked; exit 3' TERM; while :; do sleep 0.01; done"], {
          limits: { timeoutMs: 2000 }
        })
        assert.deepStrictEqual([result.ended, result.exitCode, text(result.stdout)], ["timeout", 3, "asked\n"])
      }).pipe(provide))

    it.scopedLive("dies with a kernel that is killed", () =>
      Effect.gen(function*() {
        const marker = unique(5)
        const root = yield* stage(users[0]!)
        const kernel = spawn(process.execPath, [
          "--import",
          "tsx",
          entry,
          "sh",
          "-c",
          `${daemons(marker)} sleep ${marker}`
        ], {
          stdio: ["ignore", "pipe", "inherit"],
          cwd: join(import.meta.dirname, "../.."),
          env: { PATH: process.env["PATH"], TMPDIR: root }
        })
        yield* Effect.promise(() => once(kernel.stdout, "data"))
        assert.isAbove(survivors(marker).length, 4)
        kernel.kill("SIGKILL")
        yield* Effect.promise(() => once(kernel, "exit"))
        yield* Effect.iterate(0, {
          while: (tries) => tries < 500 && survivors(marker).length > 0,
          body: (tries) => Effect.as(Effect.sleep(10), tries + 1)
        })
        assert.deepStrictEqual(survivors(marker), [])
      }))

    it.live("hands on no descriptor that its own parent left open", () =>
      Effect.gen(function*() {
        const list = "ls -l /proc/self/fd; ls /proc/self/fd/9/ /proc/self/fd/99/ 2>&1"
        const open =
          "import os, sys\nfor n in (9, 99): os.dup2(os.open('/', 0), n)\nos.execv(sys.argv[1], sys.argv[1:])"
        const line = ["-c", open, process.execPath, "--import", "tsx", entry, "sh", "-c", list]
        const kernel = spawn("/usr/bin/python3", line, {
          stdio: ["ignore", "pipe", "inherit"],
          cwd: join(import.meta.dirname, "../.."),
          env: { PATH: process.env["PATH"] }
        })
        const chunks: Array<Buffer> = []
        kernel.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
        yield* Effect.promise(() => once(kernel, "close"))
        const printed = Buffer.concat(chunks).toString("utf8")
        assert.include(printed, "99 -> /dev/null")
        assert.match(printed, /fd\/9\/'?: (No such file|Not a directory)/)
        assert.match(printed, /fd\/99\/'?: Not a directory/)
        assert.notMatch(printed, /-> \/$/m)
      }))

    it.live("gives the signal that ended a command as 128 and its number", () =>
      Effect.gen(function*() {
        const result = yield* run(["sh", "-c", "kill -SEGV $$"])
        assert.deepStrictEqual([result.exitCode, result.ended], [139, "exit"])
      }).pipe(provide))

    it.live("ends with 127 when there is no such command, and with 126 when it cannot be run", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* run(["no-such-command"])).exitCode, 127)
        assert.strictEqual((yield* run(["/etc/hosts"])).exitCode, 126)
        assert.strictEqual((yield* run(["--nproc=1"])).exitCode, 127)
      }).pipe(provide))

    it.live("feeds standard input and ends it", () =>
      Effect.gen(function*() {
        const stdin = new Uint8Array(3_000_000).fill(97)
        assert.strictEqual(text((yield* run(["wc", "-c"], { stdin })).stdout), "3000000\n")
        assert.strictEqual((yield* run(["true"], { stdin })).exitCode, 0)
        assert.strictEqual(text((yield* run(["cat"])).stdout), "")
      }).pipe(provide))

    it.live("kills the command when whoever watches its output fails", () =>
      Effect.gen(function*() {
        const marker = unique(6)
        const sandbox = yield* Sandbox
        const onOutput = () => {
          throw new Error("watcher broke")
        }
        const exit = yield* Effect.exit(sandbox.run(command(["sh", "-c", `echo x; sleep ${marker}`], { onOutput })))
        assert.isTrue(Exit.isFailure(exit) && exit.cause._tag === "Die")
        assert.deepStrictEqual(survivors(marker), [])
      }).pipe(provide))

    it.scopedLive("removes what it made on the host when its layer closes", () =>
      Effect.gen(function*() {
        yield* run(["true"]).pipe(provide)
        const mine = readFileSync("/proc/self/mounts", "utf8").split("\n").filter((line) => line.includes("fluffy"))
        assert.deepStrictEqual(mine, [])
        assert.deepStrictEqual(readdirSync("/dev").filter((name) => name.startsWith(`.fluffy-${self}.`)), [])
      }))

    if (isRoot) {
      it.scopedLive("takes away what a killed kernel left on the host, and nothing of one in another container", () =>
        Effect.gen(function*() {
          const [boot, namespace] = self.split("-")
          const killed = `/dev/.fluffy-${boot}-${namespace}-999999999-1.killed`
          const elsewhere = `/dev/.fluffy-${boot}-1-999999999-1.alive`
          for (const directory of [killed, elsewhere]) {
            yield* Effect.acquireRelease(
              Effect.sync(() => mkdirSync(directory)),
              () => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
            )
          }
          yield* run(["true"]).pipe(provide)
          assert.deepStrictEqual([killed, elsewhere].map((directory) => existsSync(directory)), [false, true])
        }))
    }
  })
}
