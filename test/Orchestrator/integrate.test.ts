import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Audit } from "../../src/Audit.ts"
import { Orchestrator } from "../../src/Orchestrator.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"
import * as TestKernel from "../../src/TestKernel.ts"
import { complete, javascriptWalk as walk, runTests, writeCode, writeTest } from "../e2e/scripts.ts"
import { playNodeTest } from "../support/memoryRun.ts"
import { call, says } from "../support/ModelServer.ts"
import { javascript } from "../support/project.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { watcher } from "../support/watcher.ts"

const { ".env": _, ...files } = javascript

const rule = (name: string, effect: string, path: string) =>
  `version: 1\nrules:\n  - { name: ${name}, match: { action: merge, path: ${path} }, effect: ${effect}, reason: ${name} }\n`

const open = "version: 1\nrules:\n  - { name: open, match: { action: " +
  "[fs.read, fs.write, fs.edit, test.run, task.complete, change, merge] }, effect: allow }\n"

/** A task that touches a manifest, so that its merge is asked about; `text` becomes a rule file while the person reads. */
const mergeWhile = (text: string) =>
  Effect.scoped(Effect.gen(function*() {
    const root = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-integrate-"))),
      (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
    )
    const directory = join(root, "policies")
    mkdirSync(directory)
    writeFileSync(join(directory, "open.yaml"), open)
    const kernel = TestKernel.make({
      files,
      run: playNodeTest,
      policy: Layer.orDie(Yaml.layer({ directories: [{ layer: "user", directory }] }))
    })
    const model = scriptedModel([
      says(writeTest(walk)),
      says(runTests),
      says(writeCode(walk), call("fs.write", { path: "package.json", content: "{}\n" })),
      says(runTests),
      says(complete)
    ])
    const seen = watcher()
    const observer = {
      ...seen,
      review: (request: Parameters<typeof seen.review>[0]) =>
        Effect.sync(() => {
          seen.questions.push(request)
          writeFileSync(join(directory, "new.yaml"), text)
          return { approved: true, reason: "" }
        })
    }
    const [summary, log] = yield* Effect.all([
      Effect.flatMap(Orchestrator, (_) =>
        _.run({
          task: "add multiply",
          mode: "strict",
          model: "scripted",
          maxTurns: 20,
          maxTokens: 100_000,
          headless: false,
          commit: false
        }, observer)),
      Effect.flatMap(Audit, (_) => _.entries())
    ]).pipe(Effect.provide(Layer.provide(kernel.layer, model.layer)))
    return { summary, log, seen, project: kernel.project }
  }))

describe("a merge that is asked about while the rules change", () => {
  it.live("does not happen where they deny it by then", () =>
    Effect.gen(function*() {
      const { log, project, summary } = yield* mergeWhile(rule("frozen", "deny", "src/**"))
      assert.strictEqual(summary.exitCode, 5, summary.summary)
      assert.strictEqual(project.read("package.json"), files["package.json"])
      const actions = log.map(({ action }) => action)
      assert.includeMembers(actions, ["policy.changed", "merge.denied"])
      assert.notInclude(actions, "merge.approved")
    }))

  it.live("asks about what is new, and only about that", () =>
    Effect.gen(function*() {
      const { log, project, seen, summary } = yield* mergeWhile(rule("look-again", "require_review", "src/**"))
      assert.strictEqual(summary.exitCode, 0, summary.summary)
      assert.deepStrictEqual(
        seen.questions.map(({ reason }) => [reason.includes("sensitive file"), reason.includes("look-again")]),
        [[true, false], [false, true]]
      )
      assert.strictEqual(project.read("package.json"), "{}\n")
      assert.lengthOf(log.find(({ action }) => action === "merge.approved")?.detail["questions"] as Array<string>, 2)
    }))

  it.live("goes on where they are no concern of it", () =>
    Effect.gen(function*() {
      const { seen, summary } = yield* mergeWhile(rule("elsewhere", "deny", "docs/**"))
      assert.strictEqual(summary.exitCode, 0, summary.summary)
      assert.lengthOf(seen.questions, 1)
    }))
})
