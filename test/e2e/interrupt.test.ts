import { assert, describe, it } from "@effect/vitest"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { auditLog, fluffy } from "../support/fluffy.ts"
import { call, fails, makeModelServer, says } from "../support/ModelServer.ts"
import { contents, javascript, makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import { javascriptWalk as walk, runTests, wholeWalk, writeTest } from "./scripts.ts"

const stages = () =>
  existsSync("/dev/shm") ? readdirSync("/dev/shm").filter((name) => name.startsWith("fluffy-stage-")) : []

describe.skipIf(!requireRuntime("bubblewrap"))("a task that is interrupted", () => {
  const moments: ReadonlyArray<readonly [when: string, line: string]> = [
    ["at its start", "session.started"],
    ["while a file is written", `"name":"fs.write"`],
    ["while tests run", `"to":"test_running"`],
    ["while the model is silent", `"to":"coding"`]
  ]
  for (const [when, mark] of moments) {
    it.scopedLive(
      `${when} by Ctrl-C ends with 130, the project and the log whole, nothing left behind`,
      () =>
        Effect.gen(function*() {
          const project = yield* makeProject(javascript)
          const slow = call("shell.exec", { command: "sleep", args: ["30"] })
          const script = [says(writeTest(walk)), says(runTests), fails({ stall: "start" }), says(slow)]
          const server = yield* makeModelServer("anthropic", script)
          let sent = false
          const ran = yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
            cwd: project,
            env: server.env,
            onLine: (line, kill) => {
              if (!sent && line.includes(mark)) {
                sent = true
                kill("SIGINT")
              }
            }
          })
          assert.strictEqual(ran.exitCode, 130, ran.stdout + ran.stderr)
          assert.deepStrictEqual(contents(project), { ...javascript })
          assert.include((yield* auditLog(project)).map(({ action }) => action), "session.interrupted")
          assert.strictEqual((yield* fluffy(["audit", "verify"], { cwd: project })).exitCode, 0)
          assert.deepStrictEqual(stages().filter((name) => name.includes(`-${ran.pid}-`)), [])
        }),
      120_000
    )
  }
})

const breakLog = (project: string) => {
  const log = new Database(join(project, ".fluffy/state/audit.db"), { timeout: 30_000 })
  log.exec("ALTER TABLE entries RENAME TO gone")
  log.close()
}

describe.skipIf(!requireRuntime("bubblewrap"))("a task that breaks off", () => {
  it.scopedLive("says so in its last event, with the exit code", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const server = yield* makeModelServer("compat", ({ index }) => {
        if (index === 2) breakLog(project)
        return wholeWalk(walk)[index]!
      })
      const ran = yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
        cwd: project,
        env: server.env
      })
      assert.strictEqual(ran.exitCode, 9, ran.stdout + ran.stderr)
      const last = ran.events.at(-1)
      assert.deepInclude<unknown>(last, {
        type: "session.finished",
        outcome: "internal_error",
        exitCode: 9,
        changed: []
      })
      assert.match(ran.stderr, /^fluffy: .*audit log/m)
      assert.deepStrictEqual(contents(project), { ...javascript })
    }), 120_000)
})

describe.skipIf(!requireRuntime("bubblewrap"))("a project that is not what it seems", () => {
  it.scopedLive("runs nothing of a hostile git configuration, not even when it commits", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const trap = join(project, ".git", "trap.sh")
      const sprung = join(project, ".git", "sprung")
      writeFileSync(trap, `#!/bin/sh\ntouch ${sprung}\n`, { mode: 0o755 })
      const set = (key: string, value: string) => execFileSync("git", ["config", key, value], { cwd: project })
      for (
        const key of ["core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "gpg.program", "diff.external"]
      ) set(key, trap)
      set("core.hooksPath", ".git/hooks-of-mine")
      set("commit.gpgSign", "true")
      execFileSync("sh", [
        "-c",
        `mkdir -p .git/hooks-of-mine; for h in pre-commit post-commit commit-msg post-checkout post-index-change; do cp .git/trap.sh .git/hooks-of-mine/$h; cp .git/trap.sh .git/hooks/$h; done`
      ], { cwd: project })
      const server = yield* makeModelServer("openai", wholeWalk(walk))
      const identity = {
        GIT_AUTHOR_NAME: "t",
        GIT_AUTHOR_EMAIL: "t@e",
        GIT_COMMITTER_NAME: "t",
        GIT_COMMITTER_EMAIL: "t@e"
      }
      const ran = yield* fluffy([...server.args, "--json", "--no-input", "--commit", "add multiply"], {
        cwd: project,
        env: { ...server.env, ...identity }
      })
      assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
      assert.isFalse(existsSync(sprung))
    }), 120_000)

  it.scopedLive("is not overwritten where it changed while the session worked", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const server = yield* makeModelServer("compat", (request) => {
        if (request.index === 4) writeFileSync(join(project, walk.sourcePath), "export const add = () => 'mine'\n")
        return wholeWalk(walk)[request.index]!
      })
      const ran = yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
        cwd: project,
        env: server.env
      })
      assert.strictEqual(ran.exitCode, 4, ran.stdout + ran.stderr)
      assert.deepStrictEqual(contents(project), {
        ...javascript,
        [walk.sourcePath]: "export const add = () => 'mine'\n"
      })
      assert.match(ran.stdout, /changed in the project meanwhile: src\/sums.js.*patches/)
    }), 120_000)

  it.scopedLive("takes two sessions at once, and the second to merge meets a conflict", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const ways = ["// one\n", "// two\n"].map((mark) => ({
        ...walk,
        edit: { ...walk.edit, new: walk.edit.new + mark }
      }))
      const ran = yield* Effect.forEach(ways, (way) =>
        Effect.gen(function*() {
          const server = yield* makeModelServer("compat", wholeWalk(way))
          return yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
            cwd: project,
            env: server.env
          })
        }), { concurrency: 2 })
      assert.deepStrictEqual(ran.map(({ exitCode }) => exitCode).toSorted(), [0, 4])
      const winner = ways[ran.findIndex(({ exitCode }) => exitCode === 0)]!
      assert.strictEqual(
        contents(project)[walk.sourcePath],
        javascript[walk.sourcePath]!.replace(walk.edit.old, winner.edit.new)
      )
      assert.strictEqual((yield* fluffy(["audit", "verify"], { cwd: project })).exitCode, 0)
    }), 120_000)
})
