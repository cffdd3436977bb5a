import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Audit from "../src/Audit/Sql.ts"
import { SessionId } from "../src/domain/SessionId.ts"
import { monotonicMs, timed } from "../src/internal/time.ts"
import { defaults } from "../src/KernelConfig.ts"
import * as Policy from "../src/Policy.ts"
import * as Router from "../src/Router.ts"
import { reportedBy } from "../src/Router/reportChannel.ts"
import { fromStage, maxReportBytes, select } from "../src/Router/Runners.ts"
import { heldFiles } from "../src/Router/tools/testRun/heldFiles.ts"
import { publicDialing, Sandbox } from "../src/Sandbox.ts"
import * as Bubblewrap from "../src/Sandbox/Bubblewrap.ts"
import * as StateMachine from "../src/StateMachine.ts"
import * as StateMachineSql from "../src/StateMachine/Sql.ts"
import { Workspace } from "../src/Workspace.ts"
import * as Disk from "../src/Workspace/Disk.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const runs = 15
const warmUps = 2
const files = 600
const barMs = 20

const head = `import assert from "node:assert"\nimport test from "node:test"\n`
const own = "test/double.test.js"

const fill = (directory: string) => {
  const write = (path: string, text: string) => writeFileSync(join(directory, path), text)
  mkdirSync(join(directory, "src"))
  mkdirSync(join(directory, "test"))
  write("package.json", `{ "type": "module", "scripts": { "test": "node --test test/*.js" } }\n`)
  for (let n = 0; n < files; n++) write(`src/file-${n}.js`, `export const n = ${n}\n`)
  write("test/old.test.js", `${head}for (let n = 0; n < 100; n++) test("old " + n, () => assert.ok(true))\n`)
  execFileSync("git", ["init", "-q"], { cwd: directory })
}

/** A directory of its own, gone with the scope. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "fluffy-bench-")))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const rule: Policy.Rule = { name: "open", effect: "allow", match: { action: ["fs.write", "test.run", "change"] } }

/** A router as sessions have it, over this sandbox, with its state in a directory. */
export const kernelIn = (state: string, sandbox: Layer.Layer<Sandbox>) => {
  const classify = StateMachine.makeClassify(defaults)
  return Router.layer({
    classify,
    limits: defaults.limits,
    runners: [],
    grep: "literal",
    reports: Router.reportsOnDisk,
    baselines: Router.baselinesOnDisk(join(state, "baselines")),
    necessity: { rule: "off", budgetMs: 0 },
    network: { hosts: [], dialing: publicDialing }
  }).pipe(Layer.provideMerge(Layer.mergeAll(
    Audit.layer({ file: join(state, "audit.db") }),
    StateMachineSql.layer({ file: join(state, "state.db"), classify }),
    Policy.layerMemory([rule]),
    sandbox,
    Disk.layer({ state })
  )))
}

export const median = (figures: ReadonlyArray<number>): number =>
  [...figures].sort((a, b) => a - b)[figures.length >> 1]!

const measure = (project: string) =>
  Effect.gen(function*() {
    const [router, sandbox, stateMachine, workspace] = yield* Effect.all([
      Router.Router,
      Sandbox,
      StateMachine.StateMachine,
      Workspace
    ])
    const id = SessionId.make("s-bench-0002")
    yield* stateMachine.create(id, "strict")
    yield* stateMachine.apply(id, { _tag: "TaskSubmitted" })
    const stage = yield* workspace.open({ project, session: id, secrets: defaults.secrets, maxFileBytes: 1 << 20 })
    const session = { id, stage, emit: () => Effect.void, review: () => Effect.dieMessage("nobody is asked") }
    const call = (name: string, args: object) => router.call(session, { id: "c", name, args })
    const phase = Effect.map(stateMachine.get(id), (state) => state.phase)

    yield* call("fs.write", {
      path: own,
      content: `${head}import { double } from "../src/double.js"\ntest("doubles", () => assert.equal(double(2), 4))\n`
    })
    yield* call("test.run", {})
    yield* call("fs.write", { path: "src/double.js", content: "export const double = (n) => 2 * n\n" })
    const { text } = yield* call("test.run", {})
    if ((yield* phase) !== "green") return yield* Effect.dieMessage(`not green: ${text}`)

    const [selected] = yield* select(fromStage(stage), { root: stage.project, configured: [] })
    if (selected === undefined) return yield* Effect.dieMessage("no runner")
    const bare = Effect.scoped(Effect.gen(function*() {
      const { mounts, ...given } = reportedBy(yield* Router.reportsOnDisk.open(selected, stage.user))
      const start = yield* monotonicMs
      const { exitCode } = yield* sandbox.run({
        command: selected.command,
        args: selected.args,
        env: selected.env,
        cwd: stage.project,
        mounts: [
          ...yield* stage.mounts,
          ...heldFiles(stage, [own]),
          ...mounts
        ],
        limits: { ...defaults.limits, outputBytes: maxReportBytes },
        user: stage.user,
        ...given
      })
      if (exitCode !== 0) return yield* Effect.dieMessage(`the bare run ended with ${exitCode}`)
      return (yield* monotonicMs) - start
    }))
    const [references, figures]: [Array<number>, Array<number>] = [[], []]
    for (let n = 0; n < warmUps + runs; n++) {
      const one = yield* bare
      const [{ outcome }, other] = yield* timed(call("test.run", {}))
      if (outcome !== "ok") return yield* Effect.dieMessage("the run was not green")
      if (n < warmUps) continue
      references.push(one)
      figures.push(other)
    }
    return { references, figures }
  })

/** A whole `test.run` (locks, report, comparison with what was before, log) against the same command in the same sandbox alone. */
export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.gen(function*() {
    const [project, state] = yield* Effect.all([temporary, temporary])
    fill(project)
    const { figures, references } = yield* Effect.provide(measure(project), kernelIn(state, Bubblewrap.layerLazy()))
    const more = median(figures.map((figure, n) => figure - references[n]!))
    return [{
      what: "test.run beyond the sandboxed runner (node --test, 600 files, 101 tests)",
      reference: median(references),
      figure: median(figures),
      ratio: more,
      bar: `< ${barMs} ms more`,
      unit: "ms",
      ok: more < barMs
    }]
  }).pipe(Effect.scoped, Effect.runPromise)

if (isMain(import.meta.url)) process.exitCode = print(await run()) ? 0 : 1
