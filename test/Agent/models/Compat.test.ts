import * as Prompt from "@effect/ai/Prompt"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { assistantMessage, toolMessage } from "../../../src/Agent/models/messages.ts"
import { usageOf } from "../../../src/Agent/ModelStream.ts"
import { call, fails, makeModelServer, raw, reasoning, says, text } from "../../support/ModelServer.ts"
import { ask, callsOf, finishOf, opening, textOf, watch } from "./harness.ts"

const chunks = (...all: ReadonlyArray<unknown>) =>
  fails({
    body: all.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join(""),
    contentType: "text/event-stream"
  })
const delta = (delta: unknown, finish_reason?: string) => ({ choices: [{ delta, finish_reason }] })

it.scopedLive("reads the smallest servers: no usage, no ids, no index, arguments as objects, no [DONE]", () =>
  Effect.gen(function*() {
    const said = says(
      reasoning("Hm. "),
      text("größer 😀"),
      call("fs.read", { path: "a" }),
      call("fs.read", { path: "b" }),
      raw("fs.write", "{oops"),
      call("fs.list", [1])
    )
    const server = yield* makeModelServer("compat", [said], { lean: true })
    const parts = yield* ask(server)
    assert.strictEqual(textOf(parts), "größer 😀")
    assert.deepStrictEqual(callsOf(parts).map(({ name }) => name), [
      "fs_read",
      "fs_read",
      "invalid_call",
      "invalid_call"
    ])
    assert.deepStrictEqual(callsOf(parts).slice(0, 2).map(({ params }) => params), [{ path: "a" }, { path: "b" }])
    const finish = finishOf(parts)
    assert.strictEqual(finish?.reason, "tool-calls")
    assert.deepStrictEqual(finish && usageOf(finish), { input: 0, output: 0, cached: 0 })
  }))

it.scopedLive("tells calls apart by index, by id, or by a new name, and joins what goes on", () =>
  Effect.gen(function*() {
    const piece = (fields: object) => delta({ tool_calls: [fields] })
    const server = yield* makeModelServer("compat", [
      chunks(
        piece({ index: 0, id: "a", function: { name: "fs_read", arguments: "{\"path\":" } }),
        piece({ index: 0, function: { arguments: "\"one\"}" } }),
        piece({ index: 0, id: "b", function: { name: "fs_read", arguments: "{\"path\":\"two\"}" } }),
        piece({ id: "c", function: { name: "fs_read", arguments: "{\"path\":" } }),
        piece({ function: { arguments: "\"three\"}" } }),
        piece({ id: "d", function: { name: "fs_read", arguments: "" } }),
        piece({ id: "d", function: { arguments: "{\"path\":\"four\"}" } }),
        delta({}, "tool_calls"),
        "[DONE]"
      )
    ])
    const paths = callsOf(yield* ask(server)).map(({ params }) => (params as { path: string }).path)
    assert.deepStrictEqual(paths, ["one", "two", "three", "four"])
  }))

it.scopedLive("reads an answer that came as one document instead of a stream", () =>
  Effect.gen(function*() {
    const message = {
      role: "assistant",
      content: "hello",
      tool_calls: [{ id: "x", type: "function", function: { name: "fs_read", arguments: "{\"path\":\"a\"}" } }]
    }
    const body = JSON.stringify({ choices: [{ message, finish_reason: "tool_calls" }], usage: { prompt_tokens: 3 } })
    const server = yield* makeModelServer("compat", [fails({ body, contentType: "application/json" })])
    const parts = yield* ask(server)
    assert.strictEqual(textOf(parts), "hello")
    assert.deepStrictEqual(callsOf(parts), [{ name: "fs_read", params: { path: "a" } }])
    assert.strictEqual(finishOf(parts)?.usage.inputTokens, 3)
  }))

it.scopedLive.each([
  { end: [delta({}, "sunset"), "[DONE]"], reason: "other" },
  { end: ["[DONE]"], reason: "unknown" },
  { end: [delta({}, "stop")], reason: "stop" },
  { end: [delta({}, "content_filter"), "[DONE]"], reason: "content-filter" }
])("finishes with $reason", ({ end, reason }) =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("compat", [chunks(delta({ content: "hi" }), ...end)])
    const parts = yield* ask(server)
    assert.strictEqual(finishOf(parts)?.reason, reason)
    assert.strictEqual(textOf(parts), "hi")
  }))

it.scopedLive("reads content in parts and an error that is only text", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("compat", [
      chunks(delta({ content: [{ type: "text", text: "hi" }, { type: "image" }] }, "stop"), "[DONE]"),
      chunks({ error: "model 'x' not loaded" })
    ])
    assert.strictEqual(textOf(yield* ask(server)), "hi")
    assert.include((yield* watch(server)).error.message, "model 'x' not loaded")
  }))

it.scopedLive("gives reasoning_content back, with every message, to a server that thinks in it, and to no other", () =>
  Effect.gen(function*() {
    const said = says(reasoning("Hm."), call("fs.read", { path: "a" }, "c1"))
    const history = (parts: Parameters<typeof assistantMessage>[0]) => [
      ...opening,
      assistantMessage(parts),
      toolMessage([{ id: "c1", name: "fs_read", failed: false, text: "x" }]),
      Prompt.makeMessage("assistant", { content: [] }),
      Prompt.makeMessage("assistant", { content: [Prompt.makePart("text", { text: "So." })] })
    ]
    const own = (body: any) => body.messages.filter((message: any) => message.role === "assistant")
    const server = yield* makeModelServer("compat", [said, says(text("ok"))])
    yield* ask(server, history(yield* ask(server)))
    assert.deepStrictEqual(own(server.requests[1]?.body).map((message: any) => message.reasoning_content), ["Hm.", ""])
    const lean = yield* makeModelServer("compat", [said, says(text("ok"))], { lean: true })
    yield* ask(lean, history(yield* ask(lean)))
    assert.notInclude(lean.requests[1]?.raw, "Hm.")
    assert.notInclude(lean.requests[1]?.raw, "reasoning")
  }))

it.scopedLive("keeps a slow server that sends comments alive", () =>
  Effect.gen(function*() {
    const body = `: PROCESSING\n\n: PROCESSING\n\ndata: ${
      JSON.stringify(delta({ content: "hi" }, "stop"))
    }\n\ndata: [DONE]\n\n`
    const server = yield* makeModelServer("compat", [fails({ body, contentType: "text/event-stream" })])
    const parts = yield* ask(server)
    assert.strictEqual(parts.filter((part) => part.type === "response-metadata").length, 3)
    assert.strictEqual(textOf(parts), "hi")
  }))
