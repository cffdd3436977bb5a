import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { writeFileSync } from "node:fs"
import { layerMemory, Sandbox, scripted } from "../src/Sandbox.ts"
import * as Bubblewrap from "../src/Sandbox/Bubblewrap.ts"
import { script, suite } from "./contract/SandboxContract.ts"
import { requireRuntime } from "./support/require.ts"
import { command, run } from "./support/sandbox.ts"

suite("Sandbox.layerMemory", layerMemory(script((file, content) => writeFileSync(file, content))))

if (requireRuntime("bubblewrap")) suite("Sandbox/Bubblewrap.layerLazy", Bubblewrap.layerLazy())

describe("Sandbox.layerMemory", () => {
  it.effect("fails a command that its script has no answer to", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(["rm", "-rf", "/"]))
      assert.strictEqual(
        error.message,
        "Sandbox memory failed to run (script exhausted): the script has no answer to \"rm -rf /\""
      )
    }).pipe(Effect.provide(layerMemory())))

  it.effect("ends a scripted command by the test's clock", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox
      const fiber = yield* Effect.fork(sandbox.run(command(["sleep", "60"], { limits: { timeoutMs: 30_000 } })))
      yield* TestClock.adjust("30 seconds")
      const result = yield* Fiber.join(fiber)
      assert.deepStrictEqual([result.ended, result.exitCode, result.durationMs], ["timeout", 137, 30_000])
    }).pipe(Effect.provide(layerMemory(() => Effect.as(Effect.sleep("60 seconds"), scripted())))))
})
