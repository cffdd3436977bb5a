import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, type Scope } from "effect"
import type { RouterOptions } from "../../src/Router.ts"
import { contents, makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import { kernel, type OpenSession, openSession } from "../support/session.ts"

const head = `import assert from "node:assert"\nimport test from "node:test"\n`
const gap = Array.from({ length: 12 }, (_, n) => `// ${n}`).join("\n")

const files = {
  "package.json": `{ "type": "module", "scripts": { "test": "node --test test/*.js" } }\n`,
  "src/sums.js": `export const add = (a, b) => a + b\n${gap}\nexport const last = 1\n`,
  "src/unused.js": "export const unused = 1\n",
  "test/old.test.js": `${head}import { add } from "../src/sums.js"
test("adds", () => assert.equal(add(1, 1), 2))
test("was broken", () => assert.equal(add(1, 1), 3))
`
}

const mine = {
  "test/mine.test.js": `${head}import * as sums from "../src/sums.js"
import { half } from "../src/half.js"
test("doubles", () => assert.equal(sums.double(2), 4))
test("halves", () => assert.equal(half(2), 1))
`
}

const needed = "export const double = (n) => 2 * n\n"
const code = {
  "src/half.js": "export const half = (n) => n / 2\n",
  "src/sums.js": `${needed}${files["src/sums.js"]}export const more = () => "nobody asked"\n`,
  "src/extra.js": "export const extra = 1\nexport const other = 2\n"
}

type Necessity = RouterOptions["necessity"]

const inSession = (
  sentence: string,
  necessity: Necessity,
  body: (session: OpenSession, project: string) => Effect.Effect<void, unknown, Scope.Scope>
) =>
  it.scopedLive(sentence, () =>
    Effect.gen(function*() {
      const project = yield* makeProject(files)
      yield* body(yield* openSession(project), project)
    }).pipe(Effect.provide(kernel({ necessity }))), 120_000)

const report = { rule: "report", budgetMs: 60_000 } as const
const complete = (session: OpenSession) => session.call("task.complete", { summary: "Done." })

const toGreen = (session: OpenSession, sources: Readonly<Record<string, string>> = code) =>
  Effect.gen(function*() {
    yield* session.write(mine)
    yield* session.run()
    yield* session.write(sources)
    const { told, verdict } = yield* session.run()
    assert.strictEqual(verdict.verdict, "green", told)
  })

const needless = [
  { path: "src/extra.js", lines: "new file", added: 2, removed: 0 },
  { path: "src/sums.js", lines: "16", added: 1, removed: 0 }
]

describe.skipIf(!requireRuntime("bubblewrap"))("the check of what a test demands", () => {
  inSession(
    "names what all tests pass without, and leaves the change as it was",
    report,
    (session, project) =>
      Effect.gen(function*() {
        yield* toGreen(session)
        const before = [yield* session.stage.diff, yield* session.stage.changes, contents(session.stage.root)]
        const { outcome, text } = yield* complete(session)
        assert.strictEqual(outcome, "ok", text)
        assert.deepStrictEqual(
          [yield* session.stage.diff, yield* session.stage.changes, contents(session.stage.root)],
          before
        )
        assert.deepStrictEqual(yield* session.stage.scan, { changes: [], ignored: [], forbidden: [] })
        assert.deepStrictEqual(contents(project), files)
        const found = { checked: 4, unchecked: 0, undemanded: needless }
        assert.deepStrictEqual((yield* session.state).necessity, found)
        assert.deepStrictEqual(yield* session.recorded("test.necessity"), [{ rule: "report", ...found }])
        const checked = session.events.filter((event) => event.type === "necessity.checked")
        assert.lengthOf(checked, 1)
        const progress = session.events.flatMap((event) => event.type === "necessity.progress" ? [event] : [])
        assert.deepStrictEqual(progress.map(({ done, total }) => [done, total]), [[0, 4], [1, 4], [2, 4], [3, 4]])
      })
  )

  inSession(
    "refuses to complete where it is required, until the rest is gone",
    { ...report, rule: "require" },
    (session) =>
      Effect.gen(function*() {
        yield* toGreen(session)
        const refused = yield* complete(session)
        assert.strictEqual(refused.outcome, "refused")
        assert.include(refused.text, "src/extra.js:new file (+2 -0)")
        assert.include(refused.text, "src/sums.js:16 (+1 -0)")
        assert.strictEqual(yield* session.phase, "green")
        assert.deepStrictEqual((yield* complete(session)).text, refused.text)
        assert.lengthOf(yield* session.recorded("test.necessity"), 1)
        yield* session.call("shell.exec", { command: "rm", args: ["src/extra.js"] })
        yield* session.write({ "src/sums.js": needed + files["src/sums.js"] })
        yield* session.run()
        const { outcome, text } = yield* complete(session)
        assert.strictEqual(outcome, "ok", text)
        assert.deepStrictEqual((yield* session.state).necessity, { checked: 2, unchecked: 0, undemanded: [] })
      })
  )

  inSession("runs nothing when it is off", { ...report, rule: "off" }, (session) =>
    Effect.gen(function*() {
      yield* toGreen(session)
      assert.strictEqual((yield* complete(session)).outcome, "ok")
      assert.isUndefined((yield* session.state).necessity)
      assert.isEmpty(yield* session.recorded("test.necessity"))
    }))

  inSession("says what there was no time for", { ...report, budgetMs: 1 }, (session) =>
    Effect.gen(function*() {
      yield* toGreen(session)
      assert.strictEqual((yield* complete(session)).outcome, "ok")
      assert.deepStrictEqual((yield* session.state).necessity, { checked: 0, unchecked: 4, undemanded: [] })
    }))

  inSession("takes a hunk for demanded when the tests hang without it", report, (session) =>
    Effect.gen(function*() {
      yield* session.write({
        "test/mine.test.js": `${head}import { wait } from "../src/wait.js"\ntest("ends", () => assert.ok(wait()))\n`
      })
      yield* session.run()
      yield* session.write({
        "src/wait.js":
          `import { unused } from "./unused.js"\nexport const wait = () => { while (unused < 2); return true }\n`,
        "src/unused.js": "export const unused = 2\n"
      })
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "green", told)
      assert.strictEqual((yield* complete(session)).outcome, "ok")
      assert.deepStrictEqual((yield* session.state).necessity, { checked: 2, unchecked: 0, undemanded: [] })
    }))

  inSession(
    "leaves the accepted state when it is interrupted in the middle",
    report,
    (session) =>
      Effect.gen(function*() {
        yield* toGreen(session)
        const before = [yield* session.stage.diff, contents(session.stage.root)]
        const under = yield* Deferred.make<void>()
        session.onEvent((event) =>
          event.type === "necessity.progress" ? Deferred.succeed(under, undefined) : Effect.void
        )
        const fiber = yield* Effect.fork(complete(session))
        yield* Deferred.await(under)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual([yield* session.stage.diff, contents(session.stage.root)], before)
        assert.strictEqual(yield* session.phase, "green")
        assert.strictEqual((yield* complete(session)).outcome, "ok")
      })
  )
})
