import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { Audit } from "../src/Audit.ts"
import { parseAllowed } from "../src/domain/NetworkHost.ts"
import type { Person } from "../src/domain/Person.ts"
import { Orchestrator, type TaskRequest } from "../src/Orchestrator.ts"
import type { ReviewAnswer } from "../src/Router.ts"
import { scripted } from "../src/Sandbox.ts"
import * as TestKernel from "../src/TestKernel.ts"
import { complete, javascriptWalk as walk, read, runTests, wholeWalk, writeCode, writeTest } from "./e2e/scripts.ts"
import { playNodeTest } from "./support/memoryRun.ts"
import { call, says, text, type Turn } from "./support/ModelServer.ts"
import { javascript } from "./support/project.ts"
import { scriptedModel } from "./support/scriptedModel.ts"
import { watcher } from "./support/watcher.ts"

const request: TaskRequest = {
  task: "add multiply",
  mode: "strict",
  model: "scripted",
  maxTurns: 20,
  maxTokens: 100_000,
  headless: false,
  commit: false
}

interface Setting {
  readonly turns: ReadonlyArray<Turn>
  readonly request?: Partial<TaskRequest>
  readonly answers?: ReadonlyArray<ReviewAnswer>
  readonly kernel?: Partial<TestKernel.TestKernelOptions>
  readonly person?: Person
}

const { ".env": _, ...files } = javascript

const scriptedFailure = scripted({ exitCode: 1 })

const runTask = (setting: Setting) =>
  Effect.gen(function*() {
    const kernel = TestKernel.make({ files, run: playNodeTest, ...setting.kernel })
    const model = scriptedModel(setting.turns)
    const seen = { ...watcher(setting.answers), ...(setting.person === undefined ? {} : { person: setting.person }) }
    const [summary, log] = yield* Effect.all([
      Effect.flatMap(Orchestrator, (_) => _.run({ ...request, ...setting.request }, seen)),
      Effect.flatMap(Audit, (_) => _.entries())
    ]).pipe(Effect.provide(Layer.provide(kernel.layer, model.layer)))
    return { summary, log, seen, prompts: model.prompts, project: kernel.project }
  })

describe("Orchestrator.run", () => {
  it.effect("takes a task from red to green and merges it", () =>
    Effect.gen(function*() {
      const { log, project, seen, summary } = yield* runTask({ turns: wholeWalk(walk) })
      assert.strictEqual(summary.outcome, "done", summary.summary)
      assert.deepStrictEqual([...summary.changed].sort(), ["src/sums.js", walk.testPath])
      assert.include(project.read("src/sums.js"), "multiply")
      assert.deepStrictEqual(seen.questions, [])
      assert.strictEqual(seen.events.at(-1)?.type, "session.finished")
      assert.deepStrictEqual(summary.usage, { input: 60, output: 30, cached: 0 })
      assert.include(log.map(({ action }) => action), "merge.done")
    }))

  it.effect("merges nothing of a model that falls silent before green", () =>
    Effect.gen(function*() {
      const { project, prompts, summary } = yield* runTask({ turns: [says(writeTest(walk)), says(text("Done!"))] })
      assert.strictEqual(summary.exitCode, 6)
      assert.isUndefined(project.read(walk.testPath))
      assert.include(prompts[2], "the task is not complete")
      assert.strictEqual(prompts.length, 4)
    }))

  it.effect("stops at the token limit", () =>
    Effect.gen(function*() {
      const turns = Array.from({ length: 10 }, () => says(read(walk)))
      const { prompts, summary } = yield* runTask({ turns, request: { maxTokens: 40 } })
      assert.strictEqual(summary.outcome, "stopped")
      assert.strictEqual(prompts.length, 3)
    }))

  const touchesManifest = [
    says(writeTest(walk)),
    says(runTests),
    says(writeCode(walk), call("fs.write", { path: "package.json", content: "{}\n" })),
    says(runTests),
    says(complete)
  ]

  it.effect("asks before it merges a manifest, and merges on yes", () =>
    Effect.gen(function*() {
      const { log, project, seen, summary } = yield* runTask({
        turns: touchesManifest,
        answers: [{ approved: true, reason: "" }]
      })
      assert.strictEqual(summary.outcome, "done", summary.summary)
      assert.deepStrictEqual(seen.questions.map(({ kind }) => kind), ["merge"])
      assert.include(seen.questions[0]!.diff, "package.json")
      assert.strictEqual(project.read("package.json"), "{}\n")
      assert.strictEqual(log.find(({ action }) => action === "merge.approved")?.actor, "human")
    }))

  const extra = says(writeCode(walk), call("fs.write", { path: "src/extra.js", content: "export const e = 1\n" }))
  const withExtra = [says(writeTest(walk)), says(runTests), extra, says(runTests), says(complete)]
  const needless = [{ path: "src/extra.js", lines: "new file", added: 1, removed: 0 }]

  it.effect("merges what no test demands, and says so", () =>
    Effect.gen(function*() {
      const { log, seen, summary } = yield* runTask({ turns: withExtra })
      assert.strictEqual(summary.outcome, "done", summary.summary)
      assert.deepStrictEqual(summary.necessity, { checked: 2, unchecked: 0, undemanded: needless })
      assert.deepStrictEqual(log.find(({ action }) => action === "session.finished")?.detail["undemanded"], needless)
      const finished = seen.events.at(-1)
      assert.deepStrictEqual(finished?.type === "session.finished" ? finished.undemanded : [], needless)
    }))

  it.effect("does not complete with what no test demands where one is required", () =>
    Effect.gen(function*() {
      const { prompts, summary } = yield* runTask({
        turns: [
          ...withExtra,
          says(call("fs.write", { path: "src/extra.js", content: "export const multiply = 1\n" })),
          says(text("I give up."))
        ],
        kernel: { config: { necessity: "require" } }
      })
      assert.notStrictEqual(summary.outcome, "done")
      assert.include(prompts[5], "all tests still pass without")
      assert.include(prompts[5], "src/extra.js:new file (+1 -0)")
    }))

  it.effect("asks before it merges what could not be checked where that is required", () =>
    Effect.gen(function*() {
      const { seen, summary } = yield* runTask({
        turns: wholeWalk(walk),
        kernel: { config: { necessity: "require", necessityBudget: 0 } }
      })
      assert.strictEqual(summary.outcome, "review", summary.summary)
      assert.match(seen.questions[0]?.reason ?? "", /1 source hunk could not be taken back/)
    }))

  it.effect("asks before it merges the loss of a test that passed, and tells what failed before", () =>
    Effect.gen(function*() {
      const runs = playNodeTest
      const { seen, summary } = yield* runTask({
        turns: [
          says(writeTest(walk), call("fs.write", { path: "test/add.test.js", content: "// emptied\n" })),
          says(runTests),
          says(writeCode(walk)),
          says(runTests),
          says(complete)
        ],
        kernel: {
          run: (command, scripted) =>
            runs(command, {
              ...scripted,
              report: (name, report) => {
                const line = (file: string, status: string) =>
                  `${JSON.stringify({ file: `/project/test/${file}`, name: "adds", status })}\n`
                const old = scripted.stage.read("test/add.test.js")?.includes("adds") === true
                scripted.report(
                  name,
                  `${old ? line("add.test.js", "passed") : ""}${line("bad.test.js", "failed")}${report}`
                )
              }
            }) && scriptedFailure
        }
      })
      assert.strictEqual(summary.outcome, "review", summary.summary)
      assert.match(
        seen.questions[0]?.reason ?? "",
        /1 test that passed before do not run any more: test\/add.test.js > adds/
      )
      assert.deepStrictEqual(summary.verdict?.failedBefore, ["test/bad.test.js > adds"])
    }))

  it.effect("asks before it merges what is green only with a file that git ignores", () =>
    Effect.gen(function*() {
      const { seen, summary } = yield* runTask({
        turns: [
          says(writeTest(walk)),
          says(runTests),
          says(writeCode(walk), call("shell.exec", { command: "make", args: [] })),
          says(runTests),
          says(complete)
        ],
        kernel: {
          ignored: ["dist/"],
          run: (command, given) => {
            if (command.command === "make") given.stage.write("dist/sums.js", "built\n")
            if (command.command === "make") return scripted({ exitCode: 0 })
            const built = given.stage.read("dist/sums.js") !== undefined
            const file = "/project/test/multiply.test.js"
            const line = { file, name: "multiplies", status: built ? "passed" : "failed" }
            given.report("0-node.jsonl", `${JSON.stringify(line)}\n${JSON.stringify({ end: true })}\n`)
            return scripted({ exitCode: built ? 0 : 1 })
          }
        }
      })
      assert.strictEqual(summary.outcome, "review", summary.summary)
      assert.match(seen.questions[0]?.reason ?? "", /only with files that git ignores .* dist\/sums\.js/)
    }))

  it.effect("compares a run with a network with one that had it, too", () =>
    Effect.gen(function*() {
      const host = parseAllowed("a.example")
      const old = "test/online.test.js"
      const run: TestKernel.TestKernelOptions["run"] = (command, scripted) => {
        const report = (name: string, text: string) => {
          const status = command.network !== undefined && scripted.stage.read("src/bad.js") === undefined
          const line = { file: `/project/${old}`, name: "asks", status: status ? "passed" : "failed" }
          scripted.report(name, `${JSON.stringify(line)}\n${text}`)
        }
        const played = playNodeTest(command, { ...scripted, report })
        const isBad = command.network === undefined || scripted.stage.read("src/bad.js") !== undefined
        return played && isBad ? scriptedFailure : played
      }
      const online = says(call("test.run", { network: true }))
      const bad = says(call("fs.write", { path: "src/bad.js", content: "export const bad = 1\n" }))
      const { log } = yield* runTask({
        turns: [says(writeTest(walk)), online, says(writeCode(walk)), online, bad, online, says(text("No."))],
        kernel: { run, config: { network: host._tag === "Right" ? [host.right] : [] } }
      })
      const details = log.filter(({ action }) => action === "test.verdict").map(({ detail }) => detail)
      assert.deepStrictEqual(details.map(({ verdict }) => verdict), ["red", "green", "none"])
      assert.match(String(details[2]?.["reason"]), /did not fail before it: test\/online.test.js > asks/)
    }))

  it.effect("gives a reason for a rejection back to the model", () =>
    Effect.gen(function*() {
      const turns = [
        ...touchesManifest,
        says(call("fs.write", { path: "package.json", content: files["package.json"]! })),
        says(runTests),
        says(complete)
      ]
      const { project, prompts, summary } = yield* runTask({
        turns,
        answers: [{ approved: false, reason: "leave the manifest alone" }]
      })
      assert.strictEqual(summary.outcome, "done", summary.summary)
      assert.include(prompts.join(), "leave the manifest alone")
      assert.strictEqual(project.read("package.json"), files["package.json"])
    }))

  it.effect("ends with review needed on a plain no, and when nobody can be asked", () =>
    Effect.gen(function*() {
      const no = yield* runTask({ turns: touchesManifest })
      const headless = yield* runTask({ turns: touchesManifest, request: { headless: true } })
      for (const { project, summary } of [no, headless]) {
        assert.strictEqual(summary.exitCode, 4)
        assert.strictEqual(project.read("package.json"), files["package.json"])
        assert.isUndefined(project.read(walk.testPath))
        assert.match(summary.summary, /git apply/)
      }
      assert.deepStrictEqual(headless.seen.questions, [])
    }))

  it.effect("completes a task that touches only documents after a human's yes", () =>
    Effect.gen(function*() {
      const turns = [says(call("fs.write", { path: "README.md", content: "# better\n" })), says(complete)]
      const { log, seen, summary } = yield* runTask({ turns, answers: [{ approved: true, reason: "" }] })
      assert.strictEqual(summary.outcome, "done", summary.summary)
      assert.match(seen.questions[0]!.reason, /no green test run/)
      assert.strictEqual(
        log.find(({ action }) => action === "session.finished")?.detail["tests"],
        "no test was involved"
      )
    }))

  it.effect("offers debug mode after three red runs in a row, and enters it only on a human's yes", () =>
    Effect.gen(function*() {
      const wrong = (n: number) =>
        says(call("fs.write", { path: "src/other.js", content: `export const n = ${n}\n` }), runTests)
      const turns = [says(writeTest(walk)), says(runTests), wrong(1), wrong(2), wrong(3), says(text("?"))]
      const by = { user: "me", uid: 1000, terminal: "/dev/pts/1" }
      const yes = yield* runTask({ turns, answers: [{ approved: true, reason: "", by }] })
      assert.deepStrictEqual(yes.seen.questions.map(({ kind }) => kind), ["debug"])
      const changed = yes.log.find(({ action }) => action === "mode.changed")
      assert.strictEqual(changed?.actor, "human")
      assert.deepStrictEqual(changed?.detail, { from: "strict", to: "debug", reds: 3, by })
      assert.match(changed?.at ?? "", /^\d{4}-\d\d-\d\dT/)
      const no = yield* runTask({ turns, answers: [{ approved: false, reason: "", by }] })
      assert.deepInclude(no.log.find(({ action }) => action === "debug.rejected"), {
        actor: "human",
        detail: { reds: 3, by }
      })
      assert.isUndefined(no.log.find(({ action }) => action === "mode.changed"))
      const headless = yield* runTask({ turns, request: { headless: true } })
      assert.isUndefined(headless.log.find(({ action }) => action === "mode.changed"))
      assert.strictEqual(headless.log.find(({ action }) => action === "debug.rejected")?.actor, "kernel")
    }))

  it.effect("starts in debug mode for a person only, who goes on record", () =>
    Effect.gen(function*() {
      const turns = [says(text("?"))]
      const error = yield* Effect.flip(runTask({ turns, request: { mode: "debug", headless: true } }))
      assert(error._tag === "OrchestratorFailed")
      assert.deepStrictEqual([error.reason, error.detail.includes("only a person enters it")], ["mode", true])
      const person = { user: "me", uid: 1000, terminal: "/dev/pts/1" }
      const { log } = yield* runTask({ turns, request: { mode: "debug" }, person })
      const started = log.find(({ action }) => action === "session.started")
      assert.deepStrictEqual([started?.mode, started?.detail["by"]], ["debug", person])
      assert.match(String(started?.detail["policy"]), /^[0-9a-f]{64}$/)
    }))

  it.effect("puts an interruption on record and leaves the project as it was", () =>
    Effect.gen(function*() {
      const kernel = TestKernel.make({ files, run: playNodeTest })
      const seen = watcher()
      const stuck = {
        ...seen,
        emit: (event: Parameters<typeof seen.emit>[0]) =>
          event.type === "tool.finished" ? Effect.never : seen.emit(event)
      }
      const log = yield* Effect.gen(function*() {
        const orchestrator = yield* Orchestrator
        const fiber = yield* Effect.fork(orchestrator.run(request, stuck))
        yield* Effect.yieldNow().pipe(
          Effect.repeat({ until: () => seen.events.some(({ type }) => type === "tool.started") })
        )
        yield* Fiber.interrupt(fiber)
        return yield* Effect.flatMap(Audit, (_) => _.entries())
      }).pipe(Effect.provide(Layer.provide(kernel.layer, scriptedModel(wholeWalk(walk)).layer)))
      assert.include(log.map(({ action }) => action), "session.interrupted")
      assert.strictEqual(kernel.project.read("src/sums.js"), files["src/sums.js"])
    }))
})
