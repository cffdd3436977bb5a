import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { assistantMessage } from "../../../src/Agent/models/messages.ts"
import { call, fails, makeModelServer, reasoning, says, text } from "../../support/ModelServer.ts"
import { ask, callsOf, finishOf, opening, textOf } from "./harness.ts"

const events = (...all: ReadonlyArray<object>) =>
  fails({ body: all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""), contentType: "text/event-stream" })

it.scopedLive("asks for nothing to be stored and takes foreign schemas as they are", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("openai", [says(text("hello"))])
    yield* ask(server)
    const body = server.requests[0]?.body
    assert.strictEqual(body.store, false)
    assert.deepStrictEqual(body.include, ["reasoning.encrypted_content"])
    assert.strictEqual(body.tool_choice, "auto")
    assert.isTrue(body.tools.every((tool: any) => tool.strict === false && tool.type === "function"))
    assert.strictEqual(server.requests[0]?.headers.authorization, `Bearer ${server.key}`)
  }))

it.scopedLive("asks a model that does not reason for no sealed reasoning", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("openai", () => says(text("hello")))
    for (const model of ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat-latest"]) {
      yield* ask(server, undefined, { model: `openai/${model}` })
      const body = server.requests.at(-1)?.body
      assert.strictEqual(body.model, model)
      assert.isUndefined(body.include)
    }
  }))

it.scopedLive("gives sealed reasoning back as it came, in its place", () =>
  Effect.gen(function*() {
    const said = says(
      reasoning("First."),
      call("fs.read", { path: "a" }, "call_a"),
      reasoning(""),
      call("fs.read", { path: "b" }, "call_b")
    )
    const server = yield* makeModelServer("openai", [said, says(text("ok"))])
    const parts = yield* ask(server)
    yield* ask(server, [...opening, assistantMessage(parts)])
    assert.deepStrictEqual(server.requests[1]?.body.input.slice(1), [
      {
        type: "reasoning",
        id: "rs_0_0",
        summary: [{ type: "summary_text", text: "First." }],
        encrypted_content: "sealed_0_0"
      },
      { type: "function_call", call_id: "call_a", name: "fs_read", arguments: "{\"path\":\"a\"}" },
      { type: "reasoning", id: "rs_0_2", summary: [], encrypted_content: "sealed_0_2" },
      { type: "function_call", call_id: "call_b", name: "fs_read", arguments: "{\"path\":\"b\"}" }
    ])
  }))

it.scopedLive("reads a lean server that only sends its last event, and skips what it does not know", () =>
  Effect.gen(function*() {
    const output = [
      { type: "message", content: [{ type: "output_text", text: "hello" }] },
      { type: "web_search_call", id: "ws_1" },
      { type: "function_call", call_id: "c1", name: "fs_read", arguments: "{\"path\":\"a\"}" }
    ]
    const server = yield* makeModelServer("openai", [
      events(
        { type: "response.something.new", output_index: 0, delta: 7 },
        { nothing: true },
        { type: "response.completed", response: { output, strange: {} } }
      )
    ])
    const parts = yield* ask(server)
    assert.strictEqual(textOf(parts), "hello")
    assert.deepStrictEqual(callsOf(parts), [{ name: "fs_read", params: { path: "a" } }])
    assert.strictEqual(finishOf(parts)?.reason, "tool-calls")
  }))

it.scopedLive("reads text that comes with its item only, once", () =>
  Effect.gen(function*() {
    const item = { type: "message", content: [{ type: "output_text", text: "hello" }] }
    const server = yield* makeModelServer("openai", [
      events(
        { type: "response.output_item.added", output_index: 0, item: { type: "message", content: [] } },
        { type: "response.output_item.done", output_index: 0, item },
        { type: "response.completed", response: { output: [item] } }
      )
    ])
    assert.strictEqual(textOf(yield* ask(server)), "hello")
  }))

it.scopedLive("tells a content filter from the token limit", () =>
  Effect.gen(function*() {
    const incomplete_details = { reason: "content_filter" }
    const server = yield* makeModelServer("openai", [
      events({ type: "response.incomplete", response: { incomplete_details } })
    ])
    assert.strictEqual(finishOf(yield* ask(server))?.reason, "content-filter")
  }))

it.scopedLive("shows a refusal as text", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("openai", [
      events(
        { type: "response.refusal.delta", output_index: 0, delta: "I will not." },
        { type: "response.completed", response: {} }
      )
    ])
    assert.strictEqual(textOf(yield* ask(server)), "I will not.")
  }))
