import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { Audit } from "../src/Audit.ts"
import * as SessionId from "../src/domain/SessionId.ts"
import type { Rule } from "../src/Policy.ts"
import { Router, type RouterSession } from "../src/Router.ts"
import { scripted } from "../src/Sandbox.ts"
import { StateMachine } from "../src/StateMachine.ts"
import * as TestKernel from "../src/TestKernel.ts"
import { Workspace } from "../src/Workspace.ts"
import { playNodeTest } from "./support/memoryRun.ts"
import { scriptedModel } from "./support/scriptedModel.ts"
import { watcher } from "./support/watcher.ts"

const files = {
  "src/sums.js": "export const add = (a, b) => a + b\n",
  "test/add.test.js": "// adds\n",
  "notes.md": "one\ntwo\nthree\n",
  "blob.bin": "a\0b"
}

const open: Rule = {
  name: "open",
  effect: "allow",
  match: {
    action: [
      "fs.read",
      "fs.list",
      "fs.exists",
      "search.grep",
      "search.glob",
      "fs.write",
      "fs.edit",
      "test.run",
      "shell.exec",
      "task.complete",
      "change"
    ]
  }
}

type Run = NonNullable<TestKernel.TestKernelOptions["run"]>

/** A session in phase planning over a kernel in memory, and the calls made in it. */
const inSession = <A, E>(
  use: (session: RouterSession) => Effect.Effect<A, E, Router | Audit | StateMachine | Workspace | Scope.Scope>,
  options: { readonly rules?: ReadonlyArray<Rule>; readonly run?: Run } = {}
) =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make("s-router-test")
    yield* Effect.flatMap(StateMachine, (_) => _.create(id, "strict"))
    yield* Effect.flatMap(StateMachine, (_) => _.apply(id, { _tag: "TaskSubmitted" }))
    const stage = yield* Effect.flatMap(Workspace, (_) =>
      _.open({ project: "/project", session: id, secrets: [".env"], maxFileBytes: 1 << 20 }))
    return yield* use({ id, stage, ...watcher([{ approved: true, reason: "" }]) })
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provide(
        TestKernel.layer({ files, run: playNodeTest, rules: [open], ...options }),
        scriptedModel([]).layer
      )
    )
  )

const call = (session: RouterSession, name: string, args: unknown) =>
  Effect.flatMap(Router, (router) => router.call(session, { id: "c1", name, args }))

describe("Router.call", () => {
  const cases: ReadonlyArray<readonly [title: string, name: string, args: unknown, outcome: string, text: RegExp]> = [
    ["reads a file", "fs.read", { path: "notes.md" }, "ok", /^one\ntwo\nthree$/],
    [
      "reads some lines and says where to go on",
      "fs_read",
      { path: "notes.md", offset: 2, limit: 1 },
      "ok",
      /^two\n\[lines 2-2 of 3; go on with offset 3\]$/
    ],
    ["numbers lines when asked", "fs.read", { path: "notes.md", numbers: true }, "ok", /^ {5}1\tone/],
    ["says that a file is binary", "fs.read", { path: "blob.bin" }, "failed", /binary/],
    ["says that a file is missing", "fs.read", { path: "gone.md" }, "failed", /not found/],
    ["lists a directory", "fs.list", { path: "." }, "ok", /src\/\ntest\//],
    ["says whether a path exists", "fs.exists", { path: "src" }, "ok", /^true$/],
    ["finds paths by pattern", "search.glob", { pattern: "*.js" }, "ok", /^src\/sums.js\ntest\/add.test.js$/],
    ["finds lines", "search.grep", { pattern: "a + b" }, "ok", /^src\/sums.js:1:/],
    ["refuses a path through ..", "fs.read", { path: "../x" }, "refused", /leaves the project through/],
    ["refuses an absolute path", "fs.write", { path: "/tmp/x", content: "" }, "refused", /absolute/],
    ["refuses source before a red test", "fs.write", { path: "src/new.js", content: "" }, "refused", /phase planning/],
    [
      "refuses completion before anything was done in a strict session",
      "task.complete",
      { summary: "", extra: 1 },
      "failed",
      /extra/
    ],
    ["names unknown tools", "fs.destroy", {}, "failed", /no tool "fs.destroy".*fs_read/],
    ["names malformed arguments", "fs.read", { path: 7 }, "failed", /path/],
    ["takes no arguments but an object", "fs.read", "{\"path\":", "failed", /JSON object/],
    [
      "edits nothing it cannot find",
      "fs.edit",
      { path: "notes.md", old: "four", new: "4" },
      "failed",
      /not in notes.md/
    ],
    ["edits nothing ambiguous", "fs.edit", { path: "notes.md", old: "e", new: "E" }, "failed", /occurs 3 times/],
    [
      "refuses the kernel's own files",
      "fs.write",
      { path: ".fluffy/policies/x.yaml", content: "" },
      "refused",
      /policy/
    ],
    ["refuses git's own files", "fs.write", { path: ".git/hooks/pre-commit", content: "" }, "refused", /phase|policy/]
  ]
  for (const [title, name, args, outcome, text] of cases) {
    it.effect(title, () =>
      inSession((session) =>
        Effect.gen(function*() {
          const result = yield* call(session, name, args)
          assert.strictEqual(result.outcome, outcome, result.text)
          assert.match(result.text, text)
        })
      ))
  }

  it.effect("writes and edits in a sandbox and shows what changed", () =>
    inSession((session) =>
      Effect.gen(function*() {
        const written = yield* call(session, "fs.write", { path: "test/new.test.js", content: "// a\n// b\n" })
        assert.strictEqual(written.text, "Written: test/new.test.js (2 lines)")
        const edited = yield* call(session, "fs.edit", { path: "test/new.test.js", old: "// b", new: "// c" })
        assert.match(edited.text, /-\/\/ b\n\+\/\/ c/)
        const read = yield* call(session, "fs.read", { path: "test/new.test.js" })
        assert.strictEqual(read.text, "// a\n// c")
      })
    ))

  it.effect("judges what a command did, not what it said, and drops all of it", () =>
    inSession(
      (session) =>
        Effect.gen(function*() {
          const result = yield* call(session, "shell.exec", { command: "make", args: ["tests"] })
          assert.strictEqual(result.outcome, "refused")
          assert.match(result.text, /src\/sums.js.*source file/)
          assert.strictEqual(result.by, "phase planning")
          assert.strictEqual(
            (yield* call(session, "fs.read", { path: "src/sums.js" })).text,
            files["src/sums.js"].trim()
          )
          assert.strictEqual((yield* call(session, "fs.exists", { path: "test/other.test.js" })).text, "false")
          const log = yield* Effect.flatMap(Audit, (_) => _.entries())
          const refused = log.find(({ action }) => action === "change.refused")
          assert.strictEqual(refused?.decision, "deny")
        }),
      {
        run: (_, { stage }) => {
          stage.write("test/other.test.js", "// fine\n")
          stage.write("src/sums.js", "// evil\n")
          return scripted()
        }
      }
    ))

  it.effect("keeps nothing of what a test run changed, and gives it no verdict", () =>
    inSession(
      (session) =>
        Effect.gen(function*() {
          yield* call(session, "fs.write", {
            path: "test/multiply.test.js",
            content: "import test from \"node:test\"\n"
          })
          const result = yield* call(session, "test.run", {})
          assert.match(result.text, /^verdict: none .*changed files of the project/)
          assert.strictEqual(
            (yield* call(session, "fs.read", { path: "src/sums.js" })).text,
            files["src/sums.js"].trim()
          )
        }),
      {
        run: (command, scripted) => {
          scripted.stage.write("src/sums.js", "// patched while the tests ran\n")
          return playNodeTest(command, scripted)
        }
      }
    ))

  it.effect("asks a human where a rule says so, and puts the answer on record", () =>
    inSession(
      (session) =>
        Effect.gen(function*() {
          const result = yield* call(session, "shell.exec", { command: "make", args: [] })
          assert.strictEqual(result.outcome, "ok")
          const second = yield* call(session, "shell.exec", { command: "make", args: [] })
          assert.strictEqual(second.outcome, "refused")
          const log = yield* Effect.flatMap(Audit, (_) => _.entries({ category: "review" }))
          assert.deepStrictEqual(log.map(({ action, actor }) => [action, actor]), [["action.approved", "human"], [
            "action.rejected",
            "human"
          ]])
        }),
      {
        rules: [open, { name: "ask-make", effect: "require_review", match: { action: "shell.exec", command: "make" } }],
        run: () => scripted()
      }
    ))

  it.effect("stops the session when the sandbox itself fails", () =>
    inSession((session) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(call(session, "shell.exec", { command: "true", args: [] }))
        assert.strictEqual(error._tag === "RouterFailed" ? error.module : error, "Sandbox")
      }), { run: () => undefined }))
})
