import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { SessionId } from "../src/domain/SessionId.ts"
import { timed } from "../src/internal/time.ts"
import { defaults } from "../src/KernelConfig.ts"
import * as Router from "../src/Router.ts"
import { Sandbox } from "../src/Sandbox.ts"
import * as StateMachine from "../src/StateMachine.ts"
import { Workspace } from "../src/Workspace.ts"
import { type Engine, ofEach, thinkingMs, unmeasured } from "./engines.ts"
import { type BenchRow, isMain, print } from "./report.ts"
import { kernelIn, median, temporary } from "./verdict.ts"

const warmUp = 3
const rounds = 15
const bar = 0.85

const head = `import assert from "node:assert"\nimport test from "node:test"\n`
const own = {
  path: "test/double.test.js",
  content: `${head}import { double } from "../src/double.js"\ntest("doubles", () => assert.equal(double(2), 4))\n`
}

/** A session whose own test was red, over a project of its own. */
const openSession = (name: string) =>
  Effect.gen(function*() {
    const router = yield* Router.Router
    const stateMachine = yield* StateMachine.StateMachine
    const workspace = yield* Workspace
    const project = yield* temporary
    mkdirSync(join(project, "src"))
    writeFileSync(
      join(project, "package.json"),
      `{ "type": "module", "scripts": { "test": "node --test test/*.js" } }\n`
    )
    writeFileSync(join(project, "src/double.js"), "export const double = (n) => n\n")
    const id = SessionId.make(name)
    yield* stateMachine.create(id, "strict")
    yield* stateMachine.apply(id, { _tag: "TaskSubmitted" })
    const stage = yield* workspace.open({ project, session: id, secrets: defaults.secrets, maxFileBytes: 1 << 20 })
    const session = { id, stage, emit: () => Effect.void, review: () => Effect.dieMessage("nobody is asked") }
    const call = (name: string, args: object) => router.call(session, { id: "c", name, args })
    yield* call("fs.write", own)
    /** What an agent does again and again: a change of a source, then the tests; the time of the tests in ms. */
    const round = (n: number) =>
      Effect.gen(function*() {
        yield* call("fs.write", { path: "src/double.js", content: `// ${n}\nexport const double = (n) => 2 * n\n` })
        yield* Effect.sleep(thinkingMs)
        const [{ outcome, text }, ms] = yield* timed(call("test.run", {}))
        if (outcome !== "ok") return yield* Effect.dieMessage(`the run was none: ${text}`)
        return ms
      })
    yield* call("test.run", {})
    return { stage, round }
  })

const measure = ({ module: { dialect: { backend }, layerLazy }, socket }: Engine) =>
  Effect.gen(function*() {
    const state = yield* temporary
    return yield* Effect.gen(function*() {
      const [cold, warm] = [yield* openSession("s-bench-cold"), yield* openSession("s-bench-warm")]
      const sandbox = yield* Sandbox
      yield* sandbox.warm(warm.stage.root)
      const [references, figures]: [Array<number>, Array<number>] = [[], []]
      for (let n = -warmUp; n < rounds; n++) {
        const [reference, figure] = [yield* cold.round(n), yield* warm.round(n)]
        if (n < 0) continue
        references.push(reference)
        figures.push(figure)
      }
      const [reference, figure] = [median(references), median(figures)]
      const ratio = figure / reference
      const what =
        `test.run in ${backend} out of the pool, against one in a container made for it (median of ${rounds})`
      return [{ what, reference, figure, ratio, bar: `<= ${bar}x`, unit: "ms", ok: ratio <= bar }]
    }).pipe(Effect.provide(kernelIn(state, layerLazy({ socket }))))
  }).pipe(
    Effect.scoped,
    Effect.catchTag("RouterFailed", (error) => unmeasured("warmRuns", backend, error))
  )

/** What a test run of a session costs with the container pool and without, for each engine that answers. */
export const run = (): Promise<ReadonlyArray<BenchRow>> => ofEach(measure)

if (isMain(import.meta.url)) print(await run())
