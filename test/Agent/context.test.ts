import * as Prompt from "@effect/ai/Prompt"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { compact, estimate } from "../../src/Agent/context.ts"

const system = Prompt.makeMessage("system", { content: "rules" })
const user = (text: string) => Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })
const head = [system, user("Task: add multiply")]

const turn = (id: number, bytes: number): ReadonlyArray<Prompt.Message> => [
  Prompt.makeMessage("assistant", {
    content: [
      Prompt.makePart("tool-call", { id: `c${id}`, name: "fs_read", params: { path: "a" }, providerExecuted: false })
    ]
  }),
  Prompt.makeMessage("tool", {
    content: [
      Prompt.makePart("tool-result", {
        id: `c${id}`,
        name: "fs_read",
        isFailure: false,
        result: "x".repeat(bytes),
        providerExecuted: false
      })
    ]
  })
]

const idsOf = (messages: ReadonlyArray<Prompt.Message>, role: "assistant" | "tool") =>
  messages.flatMap((message) => message.role === role ? message.content.map((part) => "id" in part ? part.id : "") : [])

describe("compact", () => {
  it("leaves a conversation that fits as it is", () => {
    const messages = [...turn(1, 100), ...turn(2, 100)]
    assert.deepStrictEqual(compact(head, messages, { budget: 10_000, standing: "Phase: coding" }), {
      messages,
      dropped: 0
    })
  })

  it("cuts old results before it drops a turn", () => {
    const messages = Array.from({ length: 10 }, (_, id) => turn(id, 4_000)).flat()
    const budget = estimate([...head, ...messages]) - 1_000
    const compacted = compact(head, messages, { budget, standing: "Phase: coding" })
    assert.strictEqual(compacted.dropped, 0)
    assert.isAtMost(estimate([...head, ...compacted.messages]), budget)
    assert.strictEqual(compacted.messages.length, messages.length)
  })

  it("replaces the oldest turns by where the session stands", () => {
    const messages = Array.from({ length: 30 }, (_, id) => turn(id, 4_000)).flat()
    const compacted = compact(head, messages, { budget: 8_000, standing: "Phase: coding\nLocked: test/a.test.js" })
    assert.isAbove(compacted.dropped, 0)
    assert.isAtMost(estimate([...head, ...compacted.messages]), 8_000)
    assert.include(JSON.stringify(compacted.messages[0]), "Locked: test/a.test.js")
    assert.include(idsOf(compacted.messages, "assistant"), "c29")
  })

  it.effect.prop("never parts a call from its result", {
    sizes: fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 40 })
  }, ({ sizes }) =>
    Effect.sync(() => {
      const messages = sizes.flatMap((bytes, id) => turn(id, bytes))
      const compacted = compact(head, messages, { budget: 5_000, standing: "s" })
      assert.deepStrictEqual(idsOf(compacted.messages, "assistant"), idsOf(compacted.messages, "tool"))
    }))
})
