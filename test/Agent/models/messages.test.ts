import * as Response from "@effect/ai/Response"
import { assert, it } from "@effect/vitest"
import { assistantMessage, toolMessage } from "../../../src/Agent/models/messages.ts"

it("keeps metadata from start, delta and end, and the order in which things began", () => {
  const message = assistantMessage([
    Response.makePart("reasoning-start", { id: "0", metadata: { openai: { itemId: "rs_1" } } }),
    Response.makePart("tool-params-start", { id: "c1", name: "fs_read", providerExecuted: false }),
    Response.makePart("text-start", { id: "0" }),
    Response.makePart("text-delta", { id: "0", delta: "hel" }),
    Response.makePart("reasoning-delta", { id: "0", delta: "hm" }),
    Response.makePart("text-delta", { id: "0", delta: "lo" }),
    Response.makePart("text-end", { id: "0" }),
    Response.makePart("reasoning-end", { id: "0", metadata: { openai: { encryptedContent: "x" }, other: { a: 1 } } }),
    Response.makePart("tool-params-start", { id: "never called", name: "fs_read", providerExecuted: false }),
    Response.makePart("tool-call", { id: "c1", name: "fs_read", params: { path: "a" }, providerExecuted: false })
  ])
  assert.deepStrictEqual(
    message.content.map((part) => [part.type, part.type === "tool-call" ? part.params : "text" in part && part.text]),
    [["reasoning", "hm"], ["tool-call", { path: "a" }], ["text", "hello"]]
  )
  assert.deepStrictEqual<unknown>(message.content[0]?.options, {
    openai: { itemId: "rs_1", encryptedContent: "x" },
    other: { a: 1 }
  })
})

it("answers every call of a turn in one message", () => {
  const message = toolMessage([
    { id: "1", name: "fs_read", failed: false, text: "x" },
    { id: "2", name: "invalid_call", failed: true, text: "no" }
  ])
  assert.strictEqual(message.role, "tool")
  assert.deepStrictEqual(message.content.map(({ id, isFailure, result }) => [id, isFailure, result]), [
    ["1", false, "x"],
    ["2", true, "no"]
  ])
})
