import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, type Layer } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Sandbox, type SandboxCommand, type Script, scripted } from "../../src/Sandbox.ts"
import { command, run, stage, text } from "../support/sandbox.ts"

const lines = {
  exits: ["sh", "-c", "exit 7"],
  prints: ["sh", "-c", "echo out; echo err >&2"],
  floods: ["sh", "-c", "while :; do echo yyyyyyyyyyyyyyy; done"],
  sleeps: ["sleep", "30"],
  writes: ["sh", "-c", "echo written > file"]
} as const

const sourceOfCwd = ({ cwd, mounts }: SandboxCommand) =>
  mounts.flatMap((mount) => mount.mode !== "overlay" && mount.target === cwd ? [mount.source] : [])[0]!

/** What the contract's commands do, for a backend that runs nothing. */
export const script = (write: (file: string, content: string) => void): Script => (command) => {
  const is = (line: ReadonlyArray<string>) => [command.command, ...command.args].join(" ") === line.join(" ")
  if (is(lines.exits)) return scripted({ exitCode: 7 })
  if (is(lines.prints)) return scripted({ stdout: "out\n", stderr: "err\n" })
  if (is(lines.floods)) return scripted({ stdout: "y".repeat(1 << 20) })
  if (is(lines.sleeps)) return Effect.as(Effect.sleep("30 seconds"), scripted())
  if (is(lines.writes)) {
    return Effect.sync(() => {
      write(join(sourceOfCwd(command), "file"), "written\n")
      return scripted()
    })
  }
  return undefined
}

/** What every sandbox does. */
export const suite = (name: string, layer: Layer.Layer<Sandbox>) =>
  describe(name, () => {
    it.live("says that it is usable, and its own name", () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox
        const probe = yield* sandbox.probe
        assert.deepStrictEqual([probe.usable, probe.backend], [true, sandbox.backend])
      }).pipe(Effect.provide(layer)))

    it.live("gives a failing command's exit code as a result", () =>
      Effect.gen(function*() {
        const result = yield* run(lines.exits)
        assert.deepStrictEqual([result.exitCode, result.ended], [7, "exit"])
      }).pipe(Effect.provide(layer)))

    it.live("keeps the two output streams apart and shows them as they come", () =>
      Effect.gen(function*() {
        const seen = { stdout: "", stderr: "" }
        const result = yield* run(lines.prints, { onOutput: (stream, chunk) => seen[stream] += text(chunk) })
        assert.deepStrictEqual(seen, { stdout: "out\n", stderr: "err\n" })
        assert.deepStrictEqual([text(result.stdout), text(result.stderr)], ["out\n", "err\n"])
      }).pipe(Effect.provide(layer)))

    it.live("ends a command at its output limit and keeps exactly that much", () =>
      Effect.gen(function*() {
        let seen = 0
        const result = yield* run(lines.floods, {
          limits: { outputBytes: 10_000 },
          onOutput: (_, chunk) => seen += chunk.length
        })
        assert.deepStrictEqual([result.ended, result.exitCode], ["output", 137])
        assert.deepStrictEqual([result.stdout.length, seen], [10_000, 10_000])
      }).pipe(Effect.provide(layer)))

    it.live("ends a command at its time limit", () =>
      Effect.gen(function*() {
        const result = yield* run(lines.sleeps, { limits: { timeoutMs: 150 } })
        assert.strictEqual(result.ended, "timeout")
        assert.notStrictEqual(result.exitCode, 0)
      }).pipe(Effect.provide(layer)))

    it.scopedLive("lets a command write where a mount is writable", () =>
      Effect.gen(function*() {
        const { user } = command(lines.writes)
        const root = yield* stage(user)
        const result = yield* run(lines.writes, {
          cwd: "/srv/project",
          mounts: [{ source: root, target: "/srv/project", mode: "rw" }]
        })
        assert.deepStrictEqual([result.exitCode, text(result.stderr)], [0, ""])
        assert.strictEqual(readFileSync(join(root, "file"), "utf8"), "written\n")
      }).pipe(Effect.provide(layer)))

    it.live("runs nothing under a template that does not exist", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(run(lines.prints, { template: "toString" as never }))
        assert.strictEqual(error._tag, "SandboxFailed")
        assert.include(error.message, "there is no sandbox template \"toString\"; there are code-executor, strict")
      }).pipe(Effect.provide(layer)))

    it.live("can be interrupted", () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox
        const fiber = yield* Effect.fork(sandbox.run(command(lines.sleeps)))
        yield* Effect.yieldNow()
        const exit = yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isInterrupted(exit))
      }).pipe(Effect.provide(layer)))
  })
