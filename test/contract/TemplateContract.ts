import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import type { Sandbox, SandboxCommand } from "../../src/Sandbox.ts"
import { run, text, users } from "../support/sandbox.ts"

const probes = readFileSync(join(packageRoot, "test/Sandbox/probes.py"))
const tables = JSON.parse(readFileSync(join(packageRoot, "seccomp/syscalls.json"), "utf8")) as Record<string, unknown>
const python = ["/usr/bin/python3", "-B", "-"] as const
const source = (program: string) => ["/usr/bin/python3", "-B", "-c", program] as const

const same = (outcome: string, ...names: ReadonlyArray<string>) =>
  Object.fromEntries(names.map((name) => [name, outcome]))

const always = {
  ...same("done", "a thread", "an event loop", "a file"),
  ...same("EPERM", "an SCTP socket", "a raw socket", "a vsock", "io_uring", "ptrace", "a namespace")
}
const processes = ["a child", "a spawned program"]
const sockets = ["a loopback connection", "a UDP socket", "a Unix stream", "the interfaces"]
const parcels = ["a descriptor in a message", "a shared segment"]
const unusual = ["a Unix datagram", "urgent data"]

/** What a program meets in each kind of sandbox: the same on every runtime. A context that is none is refused with EINVAL. */
const expected = {
  "code-executor": {
    ...always,
    ...same("done", ...processes, ...sockets, ...parcels, ...unusual),
    "asynchronous input": "EINVAL"
  },
  "integration-test": {
    ...always,
    ...same("done", ...processes, ...sockets, ...parcels),
    ...same("EPERM", ...unusual),
    "asynchronous input": "EINVAL"
  },
  strict: {
    ...always,
    ...same("EPERM", ...processes, ...sockets, ...parcels, ...unusual, "asynchronous input")
  }
} as const satisfies Record<NonNullable<SandboxCommand["template"]>, Record<string, string>>

/** What every real sandbox holds of its templates. */
export const suite = (name: string, layer: Layer.Layer<Sandbox>) =>
  describe(`${name}'s templates`, () => {
    const provide = Effect.provide(layer)
    const strict = { template: "strict" } as const

    for (const [template, outcomes] of Object.entries(expected)) {
      it.live.each(users)(`${template} allows and refuses user $uid what its profile says`, (user) =>
        Effect.gen(function*() {
          const result = yield* run([...python, JSON.stringify(tables[process.arch])], {
            template: template as keyof typeof expected,
            stdin: probes,
            user
          })
          assert.strictEqual(text(result.stderr), "")
          assert.deepStrictEqual(JSON.parse(text(result.stdout)), outcomes)
        }).pipe(provide))
    }

    it.live("strict runs one program, which may become another and have none beside it", () =>
      Effect.gen(function*() {
        const codes = yield* Effect.forEach(
          [["sh", "-c", "exec sh -c 'exec sh -c \"echo became; exit 7\"'"], ["no-such-command"], [
            "/etc/hosts"
          ]] as const,
          (line) =>
            Effect.map(run(line, strict), ({ exitCode, stdout }) => [exitCode, text(stdout)])
        )
        assert.deepStrictEqual(codes, [[7, "became\n"], [127, ""], [126, ""]])
        const beside = yield* run(["sh", "-c", "true | true; echo never"], strict)
        assert.notStrictEqual(beside.exitCode, 0)
        assert.strictEqual(text(beside.stdout), "")
      }).pipe(provide))

    it.live("strict asks a program to end before it kills it at the time limit", () =>
      Effect.gen(function*() {
        const limits = { timeoutMs: 6000 }
        const asked = yield* run(
          source(`
import os, signal, time
def end(*_):
    os.write(1, b"asked")
    os._exit(3)
signal.signal(signal.SIGTERM, end)
while True: time.sleep(1)`),
          { ...strict, limits }
        )
        assert.deepStrictEqual([asked.ended, asked.exitCode, text(asked.stdout)], ["timeout", 3, "asked"])
        const deaf = yield* run(source("import time\nwhile True: time.sleep(1)"), {
          ...strict,
          limits: { timeoutMs: 300 }
        })
        assert.strictEqual(deaf.ended, "timeout")
      }).pipe(provide))

    it.live.each(users)("strict bounds the threads of user $uid, whatever the limits say", (user) =>
      Effect.gen(function*() {
        const result = yield* run(
          source(`
import threading
gate = threading.Event()
threads = []
try:
    while len(threads) < 500:
        threads.append(threading.Thread(target=gate.wait, daemon=True))
        threads[-1].start()
except RuntimeError:
    pass
print(len(threads))
gate.set()`),
          { ...strict, user, limits: { processes: 1000 } }
        )
        assert.strictEqual(result.ended, "exit")
        assert.isAbove(Number(text(result.stdout)), 32)
        assert.isAtMost(Number(text(result.stdout)), 65)
      }).pipe(provide))
  })
