import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { requireRuntime } from "../../support/require.ts"
import { judged } from "./staged.ts"

const test = `import test from "node:test"
import { n } from "./n.mjs"
test("n", () => { if (n !== 1) throw new Error("n") })
`

const python = `import unittest
from n import n

class T(unittest.TestCase):
    def test_n(self):
        self.assertEqual(n, 1)
`

if (requireRuntime("bubblewrap")) {
  describe("a runner in a sandbox", () => {
    for (const [value, is] of [[1, "green"], [2, "red"]] as const) {
      it.scopedLive(`is ${is} with node --test`, () =>
        Effect.gen(function*() {
          const files = { "n.test.mjs": test, "n.mjs": `export const n = ${value}\n` }
          const { output, scan, verdict } = yield* judged(files, "n.test.mjs")
          assert.deepStrictEqual<ReadonlyArray<unknown>>([verdict.verdict, verdict.files], [is, ["n.test.mjs"]], output)
          assert.isEmpty(scan.changes)
        }))

      it.scopedLive(`is ${is} with unittest`, () =>
        Effect.gen(function*() {
          const files = { "tests/test_n.py": python, "n.py": `n = ${value}\n` }
          const { output, scan, verdict } = yield* judged(files, "tests/test_n.py")
          assert.deepStrictEqual<ReadonlyArray<unknown>>(
            [verdict.verdict, verdict.files],
            [is, ["tests/test_n.py"]],
            output
          )
          assert.isEmpty(scan.changes)
        }))
    }
  })
}
