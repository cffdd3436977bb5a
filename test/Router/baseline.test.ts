import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporary } from "../support/diskProject.ts"
import { makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import { kernel, kernelIn, type OpenSession, openSession } from "../support/session.ts"

const head = `import assert from "node:assert"\nimport test from "node:test"\n`

const files = {
  "package.json": `{ "type": "module", "scripts": { "test": "node --test test/*.js" } }\n`,
  ".gitignore": "cache/\n",
  "src/sums.js": "export const add = (a, b) => a + b\nexport const cases = [1, 2]\n",
  "test/old.test.js": `${head}import { add, cases } from "../src/sums.js"
for (const n of cases) test("adds " + n, () => assert.equal(add(n, 1), n + 1))
test("was broken", () => assert.equal(add(1, 1), 3))
`,
  "test/flag.test.js": `${head}import { existsSync } from "node:fs"
test("has no flag", () => assert.ok(!existsSync("cache/flag")))
`
}

const mine = {
  "test/mine.test.js": `${head}import * as sums from "../src/sums.js"
test("doubles", () => assert.equal(sums.double(2), 4))
`
}
const code = { "src/sums.js": `${files["src/sums.js"]}export const double = (n) => 2 * n\n` }
const broken = "test/old.test.js > was broken"

const inSession = (
  sentence: string,
  body: (session: OpenSession) => Effect.Effect<void, unknown, Scope.Scope>
) =>
  it.scopedLive(sentence, () =>
    Effect.gen(function*() {
      yield* body(yield* openSession(yield* makeProject(files)))
    }).pipe(Effect.provide(kernel())), 120_000)

const toCoding = (session: OpenSession, tests: Readonly<Record<string, string>> = mine) =>
  Effect.gen(function*() {
    yield* session.write(tests)
    const { told, verdict } = yield* session.run()
    assert.strictEqual(verdict.verdict, "red", told)
    return verdict
  })

describe.skipIf(!requireRuntime("bubblewrap"))("what the tests did before the session", () => {
  inSession("does not keep the work from turning green", (session) =>
    Effect.gen(function*() {
      const red = yield* toCoding(session)
      assert.deepStrictEqual(red.red, ["test/mine.test.js > doubles"])
      assert.deepStrictEqual(red.failedBefore, [broken])
      yield* session.write(code)
      const diff = yield* session.stage.diff
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "green", told)
      assert.deepStrictEqual([verdict.failedBefore, verdict.removed], [[broken], undefined])
      assert.include(told, broken)
      assert.strictEqual(yield* session.phase, "green")
      assert.deepStrictEqual(yield* session.stage.diff, diff)
      const [entry, ...others] = yield* session.recorded("test.baseline")
      assert.deepStrictEqual({ ...entry }, {
        from: "run",
        network: false,
        passed: 3,
        failed: 1,
        skipped: 0,
        problem: null
      })
      assert.isEmpty(others)
      const [, recorded] = yield* session.recorded("test.verdict")
      assert.deepStrictEqual(recorded?.["failedBefore"], [broken])
    }))

  inSession("is no red test, though the session rewrites its file", (session) =>
    Effect.gen(function*() {
      yield* session.write({ "test/old.test.js": `${files["test/old.test.js"]}// looked at\n` })
      const { verdict } = yield* session.run()
      assert.deepStrictEqual([verdict.verdict, verdict.red], ["green", undefined])
      assert.strictEqual(yield* session.phase, "test_writing")
    }))

  inSession("is broken by code that breaks it", (session) =>
    Effect.gen(function*() {
      yield* toCoding(session)
      yield* session.write({ "src/sums.js": code["src/sums.js"].replace("a + b", "a - b") })
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "none", told)
      assert.match(verdict.reason, /did not fail before it: test\/old.test.js > adds/)
    }))

  inSession("does not vanish by way of the code", (session) =>
    Effect.gen(function*() {
      yield* toCoding(session)
      yield* session.write({ "src/sums.js": code["src/sums.js"].replace("[1, 2]", "[1]") })
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "none", told)
      assert.match(verdict.reason, /adds 2/)
    }))

  inSession("is named when the session removes or skips it in a test file", (session) =>
    Effect.gen(function*() {
      const old = files["test/old.test.js"].replace("of cases) test(", "of cases) test[n === 1 ? 'skip' : 'test'](")
      yield* toCoding(session, { ...mine, "test/old.test.js": old, "test/flag.test.js": head })
      yield* session.write(code)
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "green", told)
      assert.sameMembers([...(verdict.removed ?? [])], [
        "test/old.test.js > adds 1 (skipped)",
        "test/flag.test.js > has no flag"
      ])
      assert.deepStrictEqual((yield* session.state).verdict?.removed, verdict.removed)
    }))

  inSession("moves with its file", (session) =>
    Effect.gen(function*() {
      yield* toCoding(session)
      yield* session.write(code)
      yield* session.run()
      const move = yield* session.call("shell.exec", {
        command: "mv",
        args: ["test/old.test.js", "test/moved.test.js"]
      })
      assert.strictEqual(move.outcome, "ok", move.text)
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "green", told)
      assert.deepStrictEqual([verdict.failedBefore, verdict.removed], [["test/moved.test.js > was broken"], undefined])
    }))

  inSession("is not to be made to look failing by files that git ignores", (session) =>
    Effect.gen(function*() {
      yield* session.call("shell.exec", { command: "sh", args: ["-c", "mkdir cache && echo > cache/flag"] })
      yield* session.write(mine)
      const { told, verdict } = yield* session.run()
      assert.deepStrictEqual(verdict.failedBefore, [broken], told)
      yield* session.write(code)
      const after = yield* session.run()
      assert.strictEqual(after.verdict.verdict, "none", after.told)
      assert.match(after.verdict.reason, /flag.test.js > has no flag/)
      assert.isTrue(existsSync(join(session.stage.root, "cache/flag")))
    }))

  inSession("is not asked of a part of the tests by a name", (session) =>
    Effect.gen(function*() {
      yield* toCoding(session)
      yield* session.write(code)
      const { told, verdict } = yield* session.run({ pattern: "doubles" })
      assert.strictEqual(verdict.verdict, "green", told)
      const part = yield* session.run({ pattern: "test/old.test.js" })
      assert.deepStrictEqual(part.verdict.failedBefore, [broken])
    }))

  it.scopedLive(
    "costs the next session on the same tree nothing, and a damaged entry is no entry",
    () =>
      Effect.gen(function*() {
        const project = yield* makeProject(files)
        const state = yield* temporary
        const walk = Effect.gen(function*() {
          const session = yield* openSession(project)
          yield* toCoding(session)
          const [entry] = yield* session.recorded("test.baseline")
          return entry?.["from"]
        }).pipe(Effect.scoped, Effect.provide(kernelIn(state)))
        assert.strictEqual(yield* walk, "run")
        assert.strictEqual(yield* walk, "cache")
        const entries = readdirSync(join(state, "baselines"))
        assert.lengthOf(entries, 1)
        const file = join(state, "baselines", entries[0] ?? "")
        const text = readFileSync(file, "utf8")
        writeFileSync(file, text.replace("was broken", "was Broken"))
        assert.strictEqual(yield* walk, "run")
        assert.strictEqual(readFileSync(file, "utf8"), text)
        writeFileSync(file, text.slice(0, 40))
        assert.strictEqual(yield* walk, "run")
        writeFileSync(join(project, "src/sums.js"), `${files["src/sums.js"]}// changed\n`)
        assert.strictEqual(yield* walk, "run")
        mkdirSync(join(project, "node_modules/dep"), { recursive: true })
        assert.strictEqual(yield* walk, "run")
        assert.strictEqual(yield* walk, "cache")
      }),
    120_000
  )
})
