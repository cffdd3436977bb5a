import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { event } from "../contract/AuditContract.ts"
import { newFile, using } from "../support/auditFile.ts"

const program = fileURLToPath(new URL("../support/auditWriter.ts", import.meta.url))
const node = [process.execPath, "--import", "tsx", program]

/** Runs the program and returns what it printed, its log left out; `kill` is called with the process once it is ready. */
const run = (command: ReadonlyArray<string>, kill?: (end: () => void) => void) =>
  Effect.promise(async () => {
    const [executable = "", ...args] = command
    const child = spawn(executable, args, { stdio: ["ignore", "pipe", "inherit"] })
    const closed = once(child, "close")
    const lines: Array<string> = []
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "ready") kill?.(() => child.kill("SIGKILL"))
      else if (/^(\d+$|failed)/.test(line)) lines.push(line)
    }
    await closed
    return lines
  })

const committed = (file: string, prefix: string) =>
  using(file, (audit) =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* audit.verify()).broken, [])
      return (yield* audit.entries()).map(({ action }) => action).filter((action) => action.startsWith(prefix))
    }))

const both = (name: string, last: number) =>
  Array.from({ length: last }, (_, index) => [`${name}.${index + 1}.before`, `${name}.${index + 1}`]).flat()

it.live("keeps one chain when several processes write to one new file", () =>
  Effect.scoped(Effect.gen(function*() {
    const file = yield* newFile
    const names = ["a", "b", "c"]
    const printed = yield* Effect.forEach(names, (name) => run([...node, file, name, "100"]), { concurrency: 3 })
    for (const lines of printed) assert.lengthOf(lines, 100, lines.at(-1))
    for (const name of names) assert.deepStrictEqual(yield* committed(file, `${name}.`), both(name, 100))
    assert.deepStrictEqual((yield* using(file, (audit) => audit.verify())).checked, 600)
  })), 120_000)

it.live(
  "verifies, with all that was committed, after SIGKILL at any moment",
  () =>
    Effect.scoped(Effect.gen(function*() {
      const file = yield* newFile
      for (const delay of [0, 3, 11, 27, 60]) {
        const name = `k${delay}`
        const lines = yield* run([...node, file, name, "1000000"], (end) => void setTimeout(delay).then(end))
        const found = yield* committed(file, `${name}.`)
        assert.isAtLeast(found.length, lines.length * 2)
        assert.deepStrictEqual(found.slice(0, lines.length * 2), both(name, lines.length))
      }
      yield* using(file, (audit) => audit.commit(event("after")))
      assert.lengthOf(yield* committed(file, "after"), 1)
    })),
  120_000
)

it.live("fails, and loses nothing it had taken, when the file cannot grow", () =>
  Effect.scoped(Effect.gen(function*() {
    const file = yield* newFile
    const limited = "trap '' XFSZ; ulimit -f 600; exec \"$@\""
    const lines = yield* run(["sh", "-c", limited, "sh", ...node, file, "full", "1000000"])
    assert.strictEqual(lines.pop(), "failed AuditFailed write")
    assert.isAbove(lines.length, 5)
    assert.deepStrictEqual((yield* committed(file, "full.")).slice(0, lines.length * 2), both("full", lines.length))
    yield* using(file, (audit) => audit.commit(event("room again")))
    assert.lengthOf(yield* committed(file, "room again"), 1)
  })), 120_000)
