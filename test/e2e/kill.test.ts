import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { fluffy, type RunOptions } from "../support/fluffy.ts"
import { makeModelServer } from "../support/ModelServer.ts"
import { contents, javascript, makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import { javascriptWalk as walk, wholeWalk } from "./scripts.ts"

const kills = 50
const seed = Number(process.env["FLUFFY_SEED"] ?? Date.now() % 100_000)

/** mulberry32: the moments of a failed run can be had again with its seed. */
const random = (state: number) => () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

/** Command lines of processes that name the project: what a killed kernel left behind. */
const leftovers = (project: string) =>
  readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
      return command.includes(project) ? [command] : []
    } catch {
      return []
    }
  })

/** When the kill comes: so long after the start, or after the review began, where the merge is. */
interface Moment {
  readonly from: "start" | "reviewing"
  readonly ms: number
}

const mergeMs = 120

const killing = ({ from, ms }: Moment): Partial<RunOptions> =>
  from === "start" ? { killAfter: ms } : {
    onLine: (line, kill) => {
      if (line.includes(`"to":"reviewing"`)) setTimeout(() => kill("SIGKILL"), ms)
    }
  }

describe.skipIf(!requireRuntime("bubblewrap"))("kill -9 at any moment of a task", () => {
  it.scopedLive(
    `leaves the project whole and the log true, ${kills} times (seed ${seed})`,
    () =>
      Effect.gen(function*() {
        const next = random(seed)
        const done = {
          ...javascript,
          [walk.testPath]: walk.testText,
          [walk.sourcePath]: javascript[walk.sourcePath]!.replace(walk.edit.old, walk.edit.new)
        }
        const once = Effect.fnUntraced(function*(moment: Moment | undefined) {
          const project = yield* makeProject(javascript)
          const server = yield* makeModelServer("compat", wholeWalk(walk))
          const started = Date.now()
          const ran = yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
            cwd: project,
            env: server.env,
            ...(moment === undefined ? {} : killing(moment))
          })
          if (moment === undefined) return { ms: Date.now() - started, whole: "after" }
          yield* fluffy(["exec", "--", "true"], { cwd: project })
          const found = JSON.stringify(contentsOf(contents(project)))
          const told = `killed ${JSON.stringify(moment)} (exit ${ran.exitCode}, seed ${seed})`
          const whole = found === JSON.stringify(contentsOf(javascript))
            ? "before"
            : found === JSON.stringify(contentsOf(done))
            ? "after"
            : found
          assert.include(["before", "after"], whole, told)
          const verified = yield* fluffy(["audit", "verify"], { cwd: project })
          assert.strictEqual(verified.exitCode, 0, `${told}: ${verified.stdout}${verified.stderr}`)
          assert.deepStrictEqual(leftovers(project), [], told)
          return { ms: 0, whole }
        }, Effect.scoped)
        const { ms } = yield* once(undefined)
        const moments = Array.from({ length: kills }, (_, index): Moment => {
          const merging = index % 3 === 0
          return { from: merging ? "reviewing" : "start", ms: Math.round(next() * (merging ? mergeMs : ms * 1.2)) }
        })
        const results = yield* Effect.forEach(moments, once, { concurrency: 2 })
        const befores = results.filter(({ whole }) => whole === "before").length
        process.stderr.write(`kill -9: ${befores} before, ${kills - befores} after the merge\n`)
        assert.isAbove(befores, 0)
      }),
    400_000
  )
})

const contentsOf = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1)))
