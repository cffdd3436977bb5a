import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TestCase } from "../../../src/domain/Verdict.ts"
import { judgeAll } from "../../../src/StateMachine.ts"
import { requireRuntime } from "../../support/require.ts"
import { nativeKits } from "./nativeKits.ts"
import { judged } from "./staged.ts"
import { type Files, onDisk, runAll } from "./support.ts"

const kits = nativeKits.filter((kit) => requireRuntime(kit.runtime))
const sandboxed = requireRuntime("bubblewrap")

const brief = (cases: ReadonlyArray<TestCase>) =>
  cases.map(({ file, name, status }) =>
    `${status} ${file} ${/adds/i.test(name) ? "adds" : /zero/i.test(name) ? "zero" : name}`
  ).toSorted()

for (const kit of kits) {
  const own = { [kit.test]: "h1", [kit.second]: "h2" }
  const context = { written: own, locked: {}, redTests: [], currentHashes: own }
  const run = (files: Files, pattern?: string) =>
    Effect.gen(function*() {
      const root = yield* onDisk({ ...kit.base, ...files })
      const runs = yield* runAll(root, pattern === undefined ? {} : { pattern }, kit.path?.())
      const cases = runs.flatMap(({ report }) => report?.cases ?? [])
      const output = runs.map(({ exitCode, output }) => `${output}\nexit code ${exitCode}`).join("\n")
      return { cases, output, runs, verdict: judgeAll(runs, context) }
    })

  describe(`the ${kit.runner} adapter`, { timeout: 60_000 }, () => {
    it.scopedLive("is red in the test file that asks for what is missing", () =>
      Effect.gen(function*() {
        const { cases, output, verdict } = yield* run({ [kit.source]: kit.without, [kit.test]: kit.body })
        assert.strictEqual(verdict.verdict, "red", output)
        assert.deepStrictEqual([...new Set(cases.map(({ file }) => file))], [kit.test])
        assert.match(verdict.failures[0]?.message ?? "", /\badd\b/i)
      }))

    it.scopedLive("is red in a test file that cannot be read", () =>
      Effect.gen(function*() {
        const { cases, output, verdict } = yield* run({ [kit.source]: kit.right, [kit.second]: kit.syntaxError })
        assert.deepStrictEqual(brief(cases), [`error ${kit.second} (file)`], output)
        assert.strictEqual(verdict.verdict, "red", verdict.reason)
      }))

    it.scopedLive("gives no verdict on skipped tests", () =>
      Effect.gen(function*() {
        const { cases, output, verdict } = yield* run({ [kit.source]: kit.right, [kit.second]: kit.skipped })
        assert.deepStrictEqual(brief(cases), [`skipped ${kit.second} adds`], output)
        assert.strictEqual(verdict.verdict, "none")
      }))

    it.scopedLive("runs the one file that is asked for", () =>
      Effect.gen(function*() {
        const files = { [kit.source]: kit.wrong, [kit.test]: kit.body, [kit.second]: kit.skipped }
        const { cases, output } = yield* run(files, kit.second)
        assert.deepStrictEqual(brief(cases), [`skipped ${kit.second} adds`], output)
      }))

    it.scopedLive("runs the tests with a name, taken as it is written", () =>
      Effect.gen(function*() {
        const files = { [kit.source]: kit.wrong, [kit.test]: kit.body }
        const zero = yield* run(files, kit.runner === "go" ? "Zero" : "zero")
        assert.deepStrictEqual(brief(zero.cases), [`passed ${kit.test} zero`], zero.output)
        const none = yield* run(files, "--help|.")
        assert.deepStrictEqual(brief(none.cases), [], none.output)
        assert.strictEqual(none.verdict.verdict, "none")
      }))

    if (sandboxed) {
      it.scopedLive("is red and green in a sandbox, and changes nothing", () =>
        Effect.gen(function*() {
          for (const [source, is] of [[kit.wrong, "red"], [kit.right, "green"]] as const) {
            const files = { ...kit.base, [kit.source]: source, [kit.test]: kit.body }
            const { output, scan, verdict } = yield* judged(files, kit.test)
            assert.deepStrictEqual<ReadonlyArray<unknown>>([verdict.verdict, verdict.files], [is, [kit.test]], output)
            assert.isEmpty(scan.changes)
          }
        }))
    }
  })
}

const names = (files: Files, pattern?: string, path?: string) =>
  Effect.gen(function*() {
    const runs = yield* runAll(yield* onDisk(files), pattern === undefined ? {} : { pattern }, path)
    return runs.flatMap(({ report }) => report?.cases ?? []).map(({ name }) => name).toSorted()
  })

const installed = (runner: string) => kits.filter((kit) => kit.runner === runner)

for (const _kit of installed("minitest")) {
  it.scopedLive(
    "minitest's numbers rename no test when one is put before it, and a name finds its test",
    () =>
      Effect.gen(function*() {
        const old = "it(\"is old\") { pass }"
        const both = `it("is new") { pass }\n${old}`
        const spec = (its: string) => ({
          "test/numbered_test.rb": `require "minitest/autorun"\ndescribe "steady" do\n${its}\nend\n`
        })
        assert.deepStrictEqual(yield* names(spec(old)), ["steady#is old"])
        assert.deepStrictEqual(yield* names(spec(both)), ["steady#is new", "steady#is old"])
        assert.deepStrictEqual(yield* names(spec(both), "steady#is old"), ["steady#is old"])
      }),
    120_000
  )
}

for (const { base, path, right } of installed("cargo")) {
  it.scopedLive(
    "a documentation test of Rust keeps its name when a line is put before it",
    () =>
      Effect.gen(function*() {
        const documented = `/// \`\`\`\n/// assert_eq!(app::add(1, 2), 3);\n/// \`\`\`\n${right}`
        for (const text of [documented, `\n${documented}`]) {
          assert.deepStrictEqual(yield* names({ ...base, "src/lib.rs": text }, undefined, path?.()), [
            "src/lib.rs - add"
          ])
        }
      }),
    120_000
  )
}
