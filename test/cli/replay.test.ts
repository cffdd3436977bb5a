import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Audit, type AuditEntry } from "../../src/Audit.ts"
import { requestsOf } from "../../src/cli/replay.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import type { PolicyRequest } from "../../src/Policy.ts"
import { Router } from "../../src/Router.ts"
import { scripted } from "../../src/Sandbox.ts"
import { StateMachine } from "../../src/StateMachine.ts"
import * as TestKernel from "../../src/TestKernel.ts"
import { Workspace } from "../../src/Workspace.ts"
import { fakes } from "../support/fakeSecrets.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { watcher } from "../support/watcher.ts"

const short = ({ action, args = [], command, path, phase, tool }: PolicyRequest) =>
  [phase, action, tool, path, command, ...args].filter((word) => word !== undefined).join(" ")

/** What the log of a session tells of what the policy was asked in these calls. */
const replayed = (calls: ReadonlyArray<readonly [name: string, args: unknown]>) =>
  Effect.gen(function*() {
    const id = SessionId.make("s-replay")
    yield* Effect.flatMap(StateMachine, (_) => _.create(id, "strict"))
    yield* Effect.flatMap(StateMachine, (_) => _.apply(id, { _tag: "TaskSubmitted" }))
    const stage = yield* Effect.flatMap(Workspace, (_) =>
      _.open({ project: "/project", session: id, secrets: [], maxFileBytes: 1 << 20 }))
    const router = yield* Router
    for (const [name, args] of calls) {
      yield* router.call({ id, stage, ...watcher() }, { id: "c", name, args })
    }
    return (yield* Effect.flatMap(Audit, (_) =>
      _.entries())).flatMap(requestsOf).map(short)
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provide(
        TestKernel.make({
          files: { "a.md": "one\n", "src/a.js": "1\n" },
          run: ({ args: [path], command }, { stage }) => {
            if (command === "touch") stage.write(path!, "2\n")
            return scripted()
          }
        }).layer,
        scriptedModel([]).layer
      )
    )
  )

describe("what the log tells of past decisions", () => {
  it.effect("is every question of a session to its policy, as it was asked", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* replayed([
          ["fs.read", { path: "a.md" }],
          ["fs.write", { path: "test/a.test.js", content: "1" }],
          ["shell.exec", { command: "touch", args: ["src/a.js"] }],
          ["fs.read", { path: ".git/config" }],
          ["fs.write", { path: "../x", content: "" }],
          ["fs.write", { path: "src/b.js", content: "" }],
          ["fs.destroy", {}]
        ]),
        [
          "planning fs.read fs.read a.md",
          "planning change fs.write test/a.test.js",
          "planning fs.write fs.write test/a.test.js",
          "test_writing change shell.exec src/a.js",
          "test_writing shell.exec shell.exec touch src/a.js",
          "test_writing fs.read fs.read .git/config"
        ]
      )
    }))

  it.effect("leaves out a question too long to be kept whole", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* replayed([["shell.exec", { command: "true", args: ["x".repeat(5000)] }]]), [])
    }))

  it.effect("leaves out a question with a secret in it", () =>
    Effect.gen(function*() {
      const { secret, text } = fakes[0]!
      const args = ["-H", text(secret)]
      assert.deepStrictEqual(yield* replayed([["shell.exec", { command: "true", args }]]), [])
    }))

  const entry: AuditEntry = {
    seq: 1,
    segment: 1,
    at: "2020-01-01T00:00:00.000Z",
    session: null,
    category: "review",
    action: "merge.approved",
    actor: "human",
    phase: "reviewing",
    mode: "strict",
    detail: { paths: ["a", "b", "[cut, 300 items]"] },
    prev: "",
    hash: ""
  }

  it("is every path of a merge", () => {
    assert.deepStrictEqual(requestsOf(entry).map(short), ["reviewing merge a", "reviewing merge b"])
  })

  it.each<[string, Partial<AuditEntry>]>([
    ["an entry of something else", { category: "session", action: "session.started" }],
    ["an entry without a phase", { phase: null }],
    ["paths that are none", { detail: { paths: [1] } }],
    ["a tool's entry of an older Fluffy", { category: "tool", action: "fs.read", detail: { summary: "a" } }],
    ["an unknown action", { category: "tool", detail: { asked: { action: "fly", phase: "coding", mode: "strict" } } }],
    ["a change that was dropped unseen", { category: "change", action: "change.discarded" }],
    ["changes that were cut", {
      category: "change",
      action: "change.accepted",
      detail: { tool: "x", changes: ["[cut]"] }
    }]
  ])("is nothing for %s", (_, more) => {
    assert.deepStrictEqual(requestsOf({ ...entry, ...more }), [])
  })
})
