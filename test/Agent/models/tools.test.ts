import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Tool from "@effect/ai/Tool"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import type { Part } from "../../../src/Agent/models/parts.ts"
import { declare, invalidCallOf } from "../../../src/Agent/models/tools.ts"
import { specs } from "./harness.ts"

it("declares each tool's schema word for word", () => {
  const { toolkit } = declare(specs)
  for (const spec of specs) {
    assert.deepStrictEqual<unknown>(Tool.getJsonSchema(toolkit.tools[spec.name.replace(".", "_")]!), spec.parameters)
  }
})

it.effect("declares only: nothing in it can run a tool", () =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(declare(specs).toolkit.handle("fs_read", {}))
    assert.isTrue(Exit.isFailure(exit))
  }))

it.effect("lets a call that fits no tool through under invalid_call, which the provider never sees", () =>
  Effect.gen(function*() {
    const params = { name: "nope", arguments: "{", reason: "there is no tool of this name" }
    const parts: ReadonlyArray<Part> = [{ type: "tool-call", id: "1", name: "invalid_call", params }]
    let seen: ReadonlyArray<string> = []
    const model = yield* LanguageModel.make({
      generateText: () => Effect.dieMessage("not asked for"),
      streamText: (options) => {
        seen = options.tools.map((tool) => tool.name)
        return Stream.fromIterable(parts)
      }
    })
    const out = yield* Stream.runCollect(
      model.streamText({ prompt: "hi", ...declare(specs), disableToolCallResolution: true })
    )
    const [call] = out
    assert.notInclude(seen, "invalid_call")
    assert.strictEqual(seen.length, 10)
    assert.deepStrictEqual(call?.type === "tool-call" && invalidCallOf(call.params), params)
  }))
