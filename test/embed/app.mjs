// An app that embeds the kernel by the package's name: its own model, its own audit log, everything else as it comes.
// `node app.mjs PROJECT` runs one task there and prints what came of it as JSON.
import { Effect, Layer } from "effect"
import { Audit, Kernel, KernelConfig, Orchestrator } from "fluffy-kernel"
import * as AuditByName from "fluffy-kernel/Audit"
import * as Model from "./model.mjs"

const { options } = await Effect.runPromise(KernelConfig.load({ cwd: process.argv[2], headless: true }))

const test = `import assert from "node:assert"
import { test } from "node:test"
import { add } from "../src/add.js"

test("adds", () => assert.strictEqual(add(2, 3), 5))
`

const model = Model.layer([
  [["fs_read", { path: "src/add.js" }]],
  [["fs_write", { path: "test/add.test.js", content: test }], ["test_run", {}]],
  [["fs_write", { path: "src/add.js", content: "export const add = (a, b) => a + b\n" }], ["test_run", {}]],
  [["task_complete", { summary: "add adds" }]]
])

const program = Effect.gen(function*() {
  const orchestrator = yield* Orchestrator.Orchestrator
  const audit = yield* AuditByName.Audit
  const events = []
  const { changed, exitCode, outcome } = yield* orchestrator.run(
    {
      task: "Make add add",
      mode: "strict",
      model: "embed/scripted",
      maxTurns: 10,
      maxTokens: 100_000,
      headless: true,
      commit: false
    },
    {
      emit: (event) => Effect.sync(() => events.push(event)),
      review: () => Effect.succeed({ approved: false, reason: "nobody is here" })
    }
  )
  const entries = yield* audit.entries()
  return {
    outcome,
    exitCode,
    changed,
    phases: events.filter((event) => event.type === "phase.changed").map((event) => event.to),
    verdicts: events.filter((event) => event.type === "test.verdict").map((event) => event.verdict),
    actions: [...new Set(entries.map((entry) => entry.category))],
    broken: (yield* audit.verify()).broken
  }
})

const kernel = Kernel.layerWithoutLeaves(options).pipe(
  Layer.provideMerge(Kernel.layerLeaves(options, { audit: Audit.layerMemory })),
  Layer.provide(model)
)

console.log(JSON.stringify(await Effect.runPromise(Effect.provide(program, kernel))))
