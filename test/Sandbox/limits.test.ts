import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import { requireRuntime } from "../support/require.ts"
import { run, stage, text, users } from "../support/sandbox.ts"
import { survivors } from "../support/survivors.ts"

const MiB = 1 << 20
const python = (source: string) => ["/usr/bin/python3", "-B", "-c", source] as const

const bombs = {
  "memory of one process": python(`
blocks = []
while True:
    blocks.append(bytearray(8 << 20))`),
  "memory of many processes": python(`
import os, time
for _ in range(8):
    if os.fork() == 0:
        block = b"x" * (40 << 20)
        time.sleep(60)
time.sleep(60)`),
  "shared memory": python(`
import mmap, time
block = mmap.mmap(-1, 300 << 20)
for at in range(0, 300 << 20, 4096): block[at] = 1
time.sleep(60)`),
  "memory that no process maps": python(`
import os, time
files = [os.memfd_create("x") for _ in range(100)]
for file in files: os.write(file, bytes(4 << 20))
time.sleep(60)`)
} as const

if (requireRuntime("bubblewrap")) {
  describe("Sandbox/Bubblewrap's limits", () => {
    const provide = Effect.provide(Bubblewrap.layerLazy())

    for (const [name, line] of Object.entries(bombs)) {
      it.live.each(users)(`hold the ${name} of user $uid`, (user) =>
        Effect.gen(function*() {
          const result = yield* run(line, { user, limits: { memoryBytes: 128 * MiB, diskBytes: 16 * MiB } })
          assert.isTrue(result.ended === "memory" || text(result.stderr).includes("MemoryError"), result.ended)
          assert.isBelow(result.durationMs, 10_000)
        }).pipe(provide))
    }

    it.live.each(users)("end a fork bomb of user $uid", (user) =>
      Effect.gen(function*() {
        const marker = `6${process.pid}${user.uid}`
        const bomb = python(`
import os, sys
while True:
    try:
        os.fork()
    except OSError:
        pass`)
        const result = yield* run([...bomb, marker], { user, limits: { processes: 20 } })
        assert.strictEqual(result.ended, "processes")
        assert.deepStrictEqual(survivors(marker), [])
      }).pipe(provide))

    it.scopedLive.each(users)("hold what user $uid writes", (user) =>
      Effect.gen(function*() {
        const root = yield* stage(user)
        const project = { cwd: "/srv/p", user, mounts: [{ source: root, target: "/srv/p", mode: "rw" as const }] }
        const limits = { fileBytes: 4 * MiB, diskBytes: 16 * MiB }
        const big = yield* run(["sh", "-c", "head -c 5000000 /dev/zero > big; ls -s big >/dev/null"], {
          ...project,
          limits
        })
        assert.strictEqual(statSync(join(root, "big")).size, limits.fileBytes)
        assert.strictEqual(big.ended, "exit")
        const many = "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; done"
        assert.strictEqual((yield* run(["sh", "-c", many], { ...project, limits })).ended, "disk")
        assert.isBelow(readdirSync(root).length, 1000)
        const unlinked = python(`
import os, time
held = []
for n in range(100):
    held.append(os.open("f", os.O_CREAT | os.O_WRONLY))
    os.write(held[-1], bytes(4000000))
    os.unlink("f")
time.sleep(60)`)
        assert.strictEqual((yield* run(unlinked, { ...project, limits })).ended, "disk")
      }).pipe(provide))

    it.scopedLive.each(users)(
      "do not count what another program writes against user $uid",
      (user) =>
        Effect.gen(function*() {
          const root = yield* stage(user)
          const beside = join(yield* stage(user), "beside")
          const command = {
            cwd: "/srv/p",
            user,
            mounts: [{ source: root, target: "/srv/p", mode: "rw" as const }],
            limits: { diskBytes: 16 * MiB }
          }
          const result = yield* run(["sh", "-c", "echo up; until [ -e go ]; do sleep 0.02; done"], {
            ...command,
            onOutput: () => {
              writeFileSync(beside, new Uint8Array(60 * MiB))
              // Long enough for several looks.
              setTimeout(() => writeFileSync(join(root, "go"), ""), 500)
            }
          })
          assert.deepStrictEqual([result.ended, result.exitCode], ["exit", 0])
          const many = "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; done"
          assert.strictEqual((yield* run(["sh", "-c", many], command)).ended, "disk")
        }).pipe(provide)
    )

    it.live.each(users)("hold the memory-backed directories of user $uid", (user) =>
      Effect.gen(function*() {
        const fill = (place: string) => `head -c 400000000 /dev/zero > ${place}/x; stat -c %s ${place}/x`
        const tmp = yield* run(["sh", "-c", fill("/tmp")], { user, limits: { fileBytes: 500 * MiB } })
        assert.deepStrictEqual([Number(text(tmp.stdout)), text(tmp.stderr).includes("No space left")], [
          256 * MiB,
          true
        ])
        const shm = yield* run(["sh", "-c", fill("/dev/shm")], { user, limits: { fileBytes: 500 * MiB } })
        assert.deepStrictEqual([Number(text(shm.stdout)), text(shm.stderr).includes("No space left")], [64 * MiB, true])
      }).pipe(provide))

    it.live("keep exactly the bytes that fit, of both streams together", () =>
      Effect.gen(function*() {
        const flood = "while :; do echo out; echo err >&2; done"
        const result = yield* run(["sh", "-c", flood], { limits: { outputBytes: 100_001 } })
        assert.strictEqual(result.ended, "output")
        assert.strictEqual(result.stdout.length + result.stderr.length, 100_001)
      }).pipe(provide))

    it.live("leave a command that prints exactly its limit alone", () =>
      Effect.gen(function*() {
        const result = yield* run(["head", "-c", "1000", "/dev/zero"], { limits: { outputBytes: 1000 } })
        assert.deepStrictEqual([result.ended, result.exitCode, result.stdout.length], ["exit", 0, 1000])
      }).pipe(provide))
  })
}
