import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { requireRuntime } from "../support/require.ts"
import { Arena, layer } from "./forgery/arena.ts"
import { node } from "./forgery/node.ts"
import { unittest } from "./forgery/unittest.ts"

const suites = { "node:test": node, unittest }

if (requireRuntime("bubblewrap")) {
  for (const [runner, { attacks, honest, project, test }] of Object.entries(suites)) {
    it.layer(layer(project, test))(`a red test of ${runner} stays red`, (it) => {
      for (const { files, name, reason, timeout, verdict } of attacks) {
        it.effect(`when the code ${name}`, () =>
          Effect.gen(function*() {
            const judged = yield* Effect.flatMap(Arena, (_) => _.attack(files, timeout))
            assert.strictEqual(judged.verdict.verdict, verdict, judged.told)
            assert.match(judged.verdict.reason, reason, judged.told)
            assert.strictEqual(judged.phase, "coding")
          }))
      }

      it.effect("and turns green when the work is done", () =>
        Effect.gen(function*() {
          const judged = yield* Effect.flatMap(Arena, (_) => _.attack(honest))
          assert.deepStrictEqual([judged.verdict.verdict, judged.phase], ["green", "green"], judged.told)
        }))
    })
  }
}
