import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TestCase } from "../../src/domain/Verdict.ts"
import { judgeAll } from "../../src/StateMachine.ts"
import { scriptKits } from "./runners/scriptKits.ts"
import { type Files, onDisk, runAll } from "./runners/support.ts"

const brief = (cases: ReadonlyArray<TestCase> | undefined) =>
  cases?.map(({ file, name, status }) =>
    `${status} ${file} ${/adds/.test(name) ? "adds" : /zero/.test(name) ? "zero" : name}`
  ).toSorted()

for (const kit of scriptKits) {
  describe(`the ${kit.runner} adapter`, { timeout: 60_000 }, () => {
    const own = { [kit.test]: "h1" }
    const context = { written: own, locked: {}, redTests: [], currentHashes: own }
    const run = (files: Files) =>
      Effect.gen(function*() {
        const root = yield* onDisk({ ...kit.base, ...files }, { modules: kit.modules })
        const runs = yield* runAll(root)
        assert.lengthOf(runs, 1)
        return { run: runs[0]!, verdict: judgeAll(runs, context) }
      })

    it.scopedLive("reports a missing import and a syntax error as errors of the test files", () =>
      Effect.gen(function*() {
        const { run: { output, report }, verdict } = yield* run({ [kit.test]: kit.body, [kit.second]: kit.syntaxError })
        // mocha stops at the first file that it cannot load.
        const files = kit.runner === "mocha" ? [kit.test] : [kit.test, kit.second]
        assert.deepStrictEqual(brief(report?.cases), files.map((file) => `error ${file} (file)`), output)
        const first = report?.cases.find((test) => test.file === kit.test)
        assert.match(first?.message ?? "", /add\.js|No module named 'calc'/)
        assert.strictEqual(verdict.verdict, "red")
      }))

    it.scopedLive("gives no verdict on files without tests and on skipped tests", () =>
      Effect.gen(function*() {
        const { run: { output, report }, verdict } = yield* run({
          [kit.source]: kit.right,
          [kit.test]: kit.empty,
          [kit.second]: kit.skipped
        })
        const cases = brief(report?.cases) ?? []
        assert.include(cases, `skipped ${kit.second} adds`, output)
        assert.isTrue(cases.every((text) => text.startsWith("skipped")), output)
        assert.strictEqual(verdict.verdict, "none")
      }))
  })
}
