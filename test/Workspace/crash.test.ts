import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { build } from "esbuild"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { temporary } from "../support/diskProject.ts"
import { changeAll } from "../support/mergeChanges.ts"
import { digest, makeTree } from "../support/mutations.ts"

const points = 60
const atOnce = 3

// The child is bundled once: loading the sources would take most of the test's time.
const bundle = Effect.flatMap(temporary, (directory) =>
  Effect.promise(async () => {
    const outfile = join(directory, "child.mjs")
    await build({
      entryPoints: [join(import.meta.dirname, "../support/mergeChild.ts")],
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      outfile,
      external: ["koffi"],
      banner: { js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url)" },
      logLevel: "error"
    })
    return outfile
  }))

const project = Effect.map(temporary, (directory) => {
  const root = join(directory, "project")
  fs.mkdirSync(root)
  makeTree(root)
  return { root, state: join(root, ".fluffy/state"), memory: directory }
})

type Project = Effect.Effect.Success<typeof project>

const run = (child: string, { memory, root, state }: Project, at: number, killAfter?: number) =>
  Effect.async<{ readonly signal: string | null; readonly output: string }>((resume) => {
    const running = spawn(process.execPath, [child, root, state, memory, String(at)], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    running.stdout.on("data", (chunk) => (output += chunk))
    if (killAfter !== undefined) setTimeout(() => running.kill("SIGKILL"), killAfter)
    running.once("close", (_, signal) => resume(Effect.succeed({ signal, output })))
    return Effect.sync(() => running.kill("SIGKILL"))
  })

const recover = ({ memory, root, state }: Project) =>
  Effect.flatMap(Workspace, (workspace) => workspace.recover(root)).pipe(
    Effect.provide(Disk.layer({ state, memory, scratch: join(memory, "scratch") }))
  )

const tidy = ({ memory, root, state }: Project) => {
  assert.deepStrictEqual(fs.readdirSync(memory).filter((name) => name !== "scratch"), ["project"])
  if (fs.existsSync(join(state, "merge"))) {
    assert.deepStrictEqual(fs.readdirSync(join(state, "merge")).filter((name) => name !== "lock"), [])
  }
  const directories = (at: string): ReadonlyArray<string> =>
    fs.readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() && entry.name !== ".fluffy" ? [entry.name, ...directories(join(at, entry.name))] : []
    )
  return directories(root).join()
}

const states = Effect.map(temporary, (directory) => {
  makeTree(directory)
  const before = digest(directory)
  changeAll(directory)
  return { before, after: digest(directory) }
})

describe("a kernel killed in the middle of a merge", () => {
  it.scopedLive(
    "leaves a project that the next start makes whole, wherever it was killed",
    () =>
      Effect.gen(function*() {
        const child = yield* bundle
        const { after, before } = yield* states
        const whole = yield* project
        const calls = Number((yield* run(child, whole, 0)).output)
        assert.isAbove(calls, points)
        assert.deepStrictEqual(digest(whole.root), after)
        const directoriesAfter = tidy(whole)
        const outcomes = yield* Effect.forEach(
          Array.from({ length: points }, (_, index) => 1 + Math.floor((index + Math.random()) * calls / points)),
          (at) =>
            Effect.scoped(Effect.gen(function*() {
              const one = yield* project
              const { signal } = yield* run(child, one, at)
              assert.strictEqual(signal, "SIGKILL", `call ${at}`)
              const found = yield* recover(one)
              const now = digest(one.root)
              const isBefore = JSON.stringify(now) === JSON.stringify(before)
              if (!isBefore) {
                assert.deepStrictEqual(now, after, `call ${at} of ${calls}`)
                assert.strictEqual(tidy(one), directoriesAfter)
              }
              tidy(one)
              assert.strictEqual(found.stages, 1)
              assert.deepStrictEqual(yield* recover(one), { finished: [], undone: [], stages: 0 })
              return found.finished.length > 0 ? "finished" : isBefore ? "untouched" : "done"
            })),
          { concurrency: atOnce }
        )
        for (const outcome of ["finished", "untouched", "done"]) assert.include(outcomes, outcome)
      }),
    300_000
  )

  it.scopedLive(
    "leaves one that is whole when the signal comes from outside at any moment",
    () =>
      Effect.gen(function*() {
        const child = yield* bundle
        const { after, before } = yield* states
        yield* Effect.forEach(Array.from({ length: 12 }, (_, index) => 60 + index * 20), (killAfter) =>
          Effect.scoped(Effect.gen(function*() {
            const one = yield* project
            yield* run(child, one, 0, killAfter)
            yield* recover(one)
            const now = JSON.stringify(digest(one.root))
            assert.isTrue(now === JSON.stringify(before) || now === JSON.stringify(after))
            tidy(one)
          })), { concurrency: atOnce })
      }),
    300_000
  )

  it.scopedLive(
    "is undone, and overwrites nothing, when a file was changed before the next start",
    () =>
      Effect.gen(function*() {
        const child = yield* bundle
        const { before } = yield* states
        const calls = Number((yield* run(child, yield* project, 0)).output)
        const one = yield* project
        for (let at = Math.floor(calls * 0.7);; at += 2) {
          assert.isBelow(at, calls)
          yield* run(child, one, at)
          if (
            fs.existsSync(join(one.root, "a.txt")) && fs.readFileSync(join(one.root, "a.txt"), "utf8") === "changed\n"
          ) break
          yield* recover(one)
          fs.rmSync(one.root, { recursive: true })
          fs.mkdirSync(one.root)
          makeTree(one.root)
        }
        fs.writeFileSync(join(one.root, "run.sh"), "not part of it\n")
        fs.writeFileSync(join(one.root, "a.txt"), "theirs\n")
        assert.deepStrictEqual(yield* recover(one), { finished: [], undone: ["s-child"], stages: 1 })
        const theirs = (text: string) => `- ${Buffer.from(text).toString("base64")}`
        assert.deepStrictEqual(digest(one.root), {
          ...before,
          "a.txt": theirs("theirs\n"),
          "run.sh": theirs("not part of it\n").replace("-", "x")
        })
      }),
    300_000
  )

  it.scopedLive("leaves nothing of what it was removing", () =>
    Effect.gen(function*() {
      const one = yield* project
      const dead = join(one.state, "merge", "4194305-abc-0")
      const alive = join(one.state, "merge", `${process.pid}-abc-0`)
      for (const directory of [dead, alive]) fs.mkdirSync(join(directory, "below"), { recursive: true })
      yield* recover(one)
      assert.deepStrictEqual(fs.readdirSync(join(one.state, "merge")), [`${process.pid}-abc-0`])
    }))
})
