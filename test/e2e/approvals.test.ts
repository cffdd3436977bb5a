import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { auditLog, fluffy } from "../support/fluffy.ts"
import { call, makeModelServer, says } from "../support/ModelServer.ts"
import { contents, javascript, makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import { atTerminal } from "../support/terminal.ts"
import { complete, javascriptWalk as walk, runTests, writeCode, writeTest } from "./scripts.ts"

const usable = requireRuntime("bubblewrap") && requireRuntime("script")
const timeout = 240_000

const ask = `version: 1
rules:
  - { name: ask-echo, match: { action: shell.exec, command: echo }, effect: require_review, reason: it speaks }
`
const deny = `version: 1
rules:
  - { name: no-echo, match: { action: shell.exec, command: echo }, effect: deny }
`

const echo = (...args: ReadonlyArray<string>) => ["tool", "shell.exec", JSON.stringify({ command: "echo", args })]

describe.skipIf(!usable)("a person at a terminal", () => {
  it.scopedLive("answers for always, sees the grant, ends it, and puts rules in force", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const home = yield* makeProject({ "README.md": "a home\n" })
      const env = { XDG_CONFIG_HOME: home, HOME: "/nonexistent" }
      const at = { cwd: project, env }
      mkdirSync(join(home, "fluffy/policies"), { recursive: true })
      writeFileSync(join(home, "fluffy/policies/ask.yaml"), ask)

      assert.strictEqual((yield* fluffy(echo("one"), at)).exitCode, 4)
      const asked = yield* atTerminal(echo("one"), { ...at, answers: ["e", "3", "a"] })
      assert.strictEqual(asked.exitCode, 0, asked.shown)
      assert.include(asked.shown, "rule: shell.exec \"echo\" \"one\", to the letter")
      assert.include(asked.shown, "rule: shell.exec \"echo\" and whatever follows")
      const repeated = yield* fluffy(echo("two", "three"), at)
      assert.strictEqual(repeated.exitCode, 0, repeated.stderr)

      const { stdout } = yield* fluffy(["policy", "grants", "--json"], at)
      const grant = JSON.parse(stdout)
      assert.deepInclude(grant, { covers: "shell.exec \"echo\" and whatever follows" })
      assert.deepInclude(grant.by, { uid: process.geteuid?.() })
      assert.match(grant.by.terminal, /^\/dev\/pts\//)
      assert.include((yield* fluffy(["policy", "grants"], at)).stdout, "where rule ask-echo (user) asks: it speaks")
      const explained = yield* fluffy(["policy", "explain", "shell.exec", "--command", "echo", "--json"], at)
      assert.deepStrictEqual(JSON.parse(explained.stdout).grants.map(({ id }: any) => id), [grant.id])

      assert.strictEqual((yield* fluffy(["policy", "revoke", grant.id], at)).exitCode, 0)
      assert.strictEqual((yield* fluffy(["policy", "revoke", grant.id], at)).exitCode, 2)
      assert.strictEqual((yield* fluffy(echo("two"), at)).exitCode, 4)

      writeFileSync(join(project, "deny.yaml"), deny)
      const no = yield* atTerminal(["policy", "apply", "deny.yaml"], { ...at, answers: ["n"] })
      assert.strictEqual(no.exitCode, 4, no.shown)
      const yes = yield* atTerminal(["policy", "apply", "deny.yaml"], { ...at, answers: ["y"] })
      assert.strictEqual(yes.exitCode, 0, yes.shown)
      assert.strictEqual((yield* fluffy(echo("two"), at)).exitCode, 5)

      const log = yield* auditLog(project)
      const actions = log.map(({ action }) => action).filter((action) => /^(grant|token|policy)\./.test(action))
      assert.deepStrictEqual(actions, [
        "grant.saved",
        "token.issued",
        "token.used",
        "token.issued",
        "token.used",
        "grant.revoked",
        "policy.declined",
        "policy.approved",
        "policy.applied"
      ])
      for (const { action, detail } of log) {
        if (/^(grant|policy)\./.test(action)) assert.strictEqual(detail.by.uid, process.geteuid?.(), action)
      }
    }), timeout)

  it.scopedLive("is asked about a merge in one place, with its reason and its diff", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const manifest = javascript["package.json"]!.replace("sums", "totals")
      const script = [
        says(writeTest(walk)),
        says(runTests),
        says(writeCode(walk), call("fs.write", { path: "package.json", content: manifest })),
        says(runTests),
        says(complete)
      ]
      const server = yield* makeModelServer("compat", script)
      const env = { ...server.env, HOME: "/nonexistent" }
      const asked = yield* atTerminal([...server.args, "add multiply"], { cwd: project, env, answers: ["y"] })
      assert.strictEqual(asked.exitCode, 0, asked.shown)
      assert.strictEqual(asked.shown.split("sensitive-files-need-a-human").length, 2, asked.shown)
      assert.match(asked.shown, /\| package\.json: [^]*\+.*totals[^]*May this be merged into your project\?/)
      assert.strictEqual(contents(project)["package.json"], manifest)
    }), timeout)
})

describe("debug mode", () => {
  it.scopedLive("is refused where nobody is at a terminal", () =>
    Effect.gen(function*() {
      const project = yield* makeProject({ ...javascript, "m.json": "{}\n" })
      for (
        const args of [["tool", "fs.exists", "{\"path\":\"a\"}"], [
          "--model",
          "compat/x",
          "--base-url",
          "http://127.0.0.1:9/v1",
          "do it"
        ]]
      ) {
        const ran = yield* fluffy([...args, "--mode", "debug"], { cwd: project })
        assert.strictEqual(ran.exitCode, 2, ran.stderr)
        assert.include(ran.stderr, "only a person enters it")
      }
    }), timeout)
})
