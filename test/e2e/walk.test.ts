import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { auditLog, fluffy } from "../support/fluffy.ts"
import { type Dialect, fails, makeModelServer, raw, says, type Script, text } from "../support/ModelServer.ts"
import { contents, javascript, makeProject, python } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import {
  complete,
  javascriptWalk,
  pythonWalk,
  read,
  runTests,
  type Walk,
  wholeWalk,
  writeCode,
  writeTest
} from "./scripts.ts"

const dialects: ReadonlyArray<Dialect> = ["openai", "anthropic", "compat"]

const walkThrough = Effect.fnUntraced(
  function*(dialect: Dialect, files: Readonly<Record<string, string>>, script: Script) {
    const project = yield* makeProject(files)
    const server = yield* makeModelServer(dialect, script)
    const ran = yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
      cwd: project,
      env: server.env
    })
    return { project, server, ran }
  }
)

const assertDone = Effect.fnUntraced(function*(project: string, files: Readonly<Record<string, string>>, walk: Walk) {
  const source = files[walk.sourcePath]!
  assert.deepStrictEqual(contents(project), {
    ...files,
    [walk.testPath]: walk.testText,
    [walk.sourcePath]: source.replace(walk.edit.old, walk.edit.new)
  })
  const log = yield* auditLog(project)
  const verdicts = log.filter(({ action }) => action === "test.verdict").map(({ detail }) => detail.verdict)
  assert.deepStrictEqual(verdicts, ["red", "green"])
  const actions = log.map(({ action }) => action)
  for (const action of ["session.started", "change.accepted", "merge.approved", "merge.done", "session.finished"]) {
    assert.include(actions, action)
  }
  assert.isTrue(log.filter(({ category }) => category === "tool").every(({ actor }) => actor === "model"))
  assert.notInclude(JSON.stringify(log), "hunter2")
  const verified = yield* fluffy(["audit", "verify"], { cwd: project })
  assert.strictEqual(verified.exitCode, 0, verified.stderr)
})

describe.skipIf(!requireRuntime("bubblewrap"))("a task from red to green", () => {
  for (const dialect of dialects) {
    for (
      const [name, files, walk] of [["node --test", javascript, javascriptWalk], [
        "unittest",
        python,
        pythonWalk
      ]] as const
    ) {
      it.scopedLive(`goes through with ${dialect} on a ${name} project`, () =>
        Effect.gen(function*() {
          const { project, ran, server } = yield* walkThrough(dialect, files, wholeWalk(walk))
          assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
          yield* assertDone(project, files, walk)
          const phases = ran.events.flatMap((event) => event.type === "phase.changed" ? [event.to] : [])
          const path = [
            "planning",
            "test_writing",
            "test_running",
            "coding",
            "test_running",
            "green",
            "reviewing",
            "done"
          ]
          assert.deepStrictEqual(phases, path as typeof phases)
          assert.isBelow(server.requests[0]!.raw.length, 12_000)
          const said = ran.events.flatMap((event) => event.type === "text.delta" ? [event.text] : []).join("")
          assert.include(said, "Now a test — “×”.")
          assert.notInclude(server.requests.map((request) => request.raw).join(), "hunter2")
          const finished = ran.events.at(-1)!
          assert.strictEqual(finished.type, "session.finished")
        }), 120_000)
    }

    it.scopedLive(`waits for ${dialect} after 429 and goes on`, () =>
      Effect.gen(function*() {
        const script = [fails({ status: 429, retryAfter: "0.2" }), ...wholeWalk(javascriptWalk)]
        const { project, ran } = yield* walkThrough(dialect, javascript, script)
        assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
        yield* assertDone(project, javascript, javascriptWalk)
      }), 120_000)

    it.scopedLive(
      `ends with 8 and an untouched project when ${dialect} is cut in mid-stream`,
      () =>
        Effect.gen(function*() {
          const script = [
            ...wholeWalk(javascriptWalk).slice(0, 3),
            fails({ cut: "unfinished" }, text("half "), writeCode(javascriptWalk))
          ]
          const { project, ran, server } = yield* walkThrough(dialect, javascript, script)
          assert.strictEqual(ran.exitCode, 8, ran.stdout + ran.stderr)
          assert.deepStrictEqual(contents(project), { ...javascript })
          assert.notInclude(ran.stdout + ran.stderr, server.key)
          const log = yield* auditLog(project)
          assert.include(log.map(({ action }) => action), "model.failed")
          assert.notInclude(JSON.stringify(log), server.key)
        }),
      120_000
    )

    it.scopedLive(
      `tells ${dialect} of malformed arguments and unknown tools, and goes on`,
      () =>
        Effect.gen(function*() {
          const walk = javascriptWalk
          const script = [
            says(raw("fs.write", `{"path": "test/x.te`)),
            says(raw("fs.destroy", `{}`), read(walk)),
            says(raw("fs.read", `{"path": 7}`)),
            ...wholeWalk(walk)
          ]
          const { project, ran, server } = yield* walkThrough(dialect, javascript, script)
          assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
          assert.match(server.requests[1]!.results[0]!.text, /Malformed arguments for fs_write/)
          assert.match(server.requests[2]!.results[0]!.text, /There is no tool "fs_destroy".*fs_read/)
          assert.match(server.requests[2]!.results[1]!.text, /export const add/)
          assert.match(server.requests[3]!.results[0]!.text, /path/)
          yield* assertDone(project, javascript, walk)
        }),
      120_000
    )
  }

  it.scopedLive("commits the merged change with --commit, and nothing else", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const server = yield* makeModelServer("compat", wholeWalk(javascriptWalk))
      const identity = {
        GIT_AUTHOR_NAME: "t",
        GIT_AUTHOR_EMAIL: "t@e",
        GIT_COMMITTER_NAME: "t",
        GIT_COMMITTER_EMAIL: "t@e"
      }
      const ran = yield* fluffy([...server.args, "--no-input", "--commit", "add multiply"], {
        cwd: project,
        env: { ...server.env, ...identity }
      })
      assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
      const head = readFileSync(join(project, ".git/logs/HEAD"), "utf8")
      assert.include(head, "Added multiply with its test.")
    }), 120_000)

  const broken = {
    ...javascript,
    "test/broken.test.js": `import assert from "node:assert"
import test from "node:test"
import { add } from "../src/sums.js"

test("was broken before", () => assert.equal(add(1, 1), 3))
`
  }

  it.scopedLive("completes in a project with a test that failed before, and says so", () =>
    Effect.gen(function*() {
      const { project, ran } = yield* walkThrough("compat", broken, wholeWalk(javascriptWalk))
      assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
      yield* assertDone(project, broken, javascriptWalk)
      const names = ["test/broken.test.js > was broken before"]
      const finished = ran.events.at(-1)
      assert.deepStrictEqual(finished?.type === "session.finished" ? finished.failedBefore : [], names)
      const verdicts = ran.events.flatMap((event) => event.type === "test.verdict" ? [event] : [])
      assert.deepStrictEqual(verdicts.map(({ red }) => red), [["test/multiply.test.js > (file)"], undefined])
      assert.deepStrictEqual(verdicts[1]?.failedBefore, names)
      const shown = yield* fluffy(["session", "show", finished?.session ?? ""], { cwd: project })
      assert.include(shown.stdout, "failing before this session already: test/broken.test.js > was broken before")
    }), 120_000)

  it.scopedLive("names a hunk that no test demands, and merges it", () =>
    Effect.gen(function*() {
      const walk = javascriptWalk
      const script: Script = [
        says(writeTest(walk)),
        says(runTests),
        says(writeCode(walk), { call: { name: "fs.write", args: { path: "src/extra.js", content: "// why?\n" } } }),
        says(runTests),
        says(complete)
      ]
      const { project, ran } = yield* walkThrough("compat", javascript, script)
      assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
      const undemanded = [{ path: "src/extra.js", lines: "new file", added: 1, removed: 0 }]
      const finished = ran.events.at(-1)
      assert.deepStrictEqual(finished?.type === "session.finished" ? finished.undemanded : [], undemanded)
      assert.strictEqual(contents(project)["src/extra.js"], "// why?\n")
      const log = yield* auditLog(project)
      const detail = log.find(({ action }) => action === "test.necessity")?.detail
      assert.deepStrictEqual(detail, { rule: "report", checked: 2, unchecked: 0, undemanded })
      const shown = yield* fluffy(["session", "show", finished?.session ?? ""], { cwd: project })
      assert.include(shown.stdout, "no test demands src/extra.js:new file (+1 -0)")
    }), 120_000)

  it.scopedLive("stops with 3 at the turn limit, the project untouched", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const server = yield* makeModelServer("openai", () => says(read(javascriptWalk)))
      const ran = yield* fluffy([...server.args, "--json", "--no-input", "--max-turns", "7", "add multiply"], {
        cwd: project,
        env: server.env
      })
      assert.strictEqual(ran.exitCode, 3, ran.stdout + ran.stderr)
      assert.strictEqual(server.requests.length, 7)
      assert.deepStrictEqual(contents(project), { ...javascript })
    }), 120_000)

  it.scopedLive("answers in explore mode without a change", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const script = [says(read(javascriptWalk), writeTest(javascriptWalk)), says(text("It adds."))]
      const server = yield* makeModelServer("anthropic", script)
      const ran = yield* fluffy([...server.args, "--json", "--mode", "explore", "what does it do?"], {
        cwd: project,
        env: server.env
      })
      assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
      assert.match(server.requests[1]!.results[1]!.text, /[Rr]efused.*explore/)
      assert.deepStrictEqual(contents(project), { ...javascript })
    }), 120_000)

  it.scopedLive(
    "holds a change of the manifest back for a human when headless, and keeps the diff",
    () =>
      Effect.gen(function*() {
        const walk = javascriptWalk
        const manifest = javascript["package.json"]!.replace("sums", "totals")
        const script: Script = [
          says(writeTest(walk)),
          says(runTests),
          says(writeCode(walk), { call: { name: "fs.write", args: { path: "package.json", content: manifest } } }),
          says(runTests),
          says(complete)
        ]
        const { project, ran } = yield* walkThrough("compat", javascript, script)
        assert.strictEqual(ran.exitCode, 4, ran.stdout + ran.stderr)
        assert.deepStrictEqual(contents(project), { ...javascript })
        const patch = /patches\/\S+\.patch/.exec(ran.stdout)?.[0]
        assert.isDefined(patch)
        assert.include(readFileSync(join(project, ".fluffy/state", patch!), "utf8"), "totals")
      }),
    120_000
  )
})
