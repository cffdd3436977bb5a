import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Prompt from "@effect/ai/Prompt"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import * as Model from "../../../src/Agent/Model.ts"
import { assistantMessage, toolMessage } from "../../../src/Agent/models/messages.ts"
import { call, fails, makeModelServer, reasoning, says, text } from "../../support/ModelServer.ts"
import { ask, callsOf, finishOf, opening, textOf } from "./harness.ts"

const events = (...all: ReadonlyArray<object>) =>
  fails({ body: all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""), contentType: "text/event-stream" })

const marks = (body: any) => JSON.stringify(body).split("\"cache_control\"").length - 1

it.scopedLive("gives thinking back with its signature, sealed thinking as it came", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", [
      says(reasoning("Tests first."), reasoning(""), text("So:"), call("fs.read", { path: "a" }, "toolu_1")),
      says(text("ok"))
    ])
    const parts = yield* ask(server)
    const answer = toolMessage([{ id: "toolu_1", name: "fs_read", failed: true, text: "ENOENT" }])
    yield* ask(server, [...opening, assistantMessage(parts), answer])
    assert.deepStrictEqual(server.requests[1]?.body.messages.slice(1), [
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Tests first.", signature: "signed_0_0" },
          { type: "redacted_thinking", data: "sealed_0_1" },
          { type: "text", text: "So:" },
          { type: "tool_use", id: "toolu_1", name: "fs_read", input: { path: "a" } }
        ]
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            content: "ENOENT",
            is_error: true,
            cache_control: { type: "ephemeral" }
          }
        ]
      }
    ])
  }))

it.scopedLive("marks the tools, the system prompt and the last message for the cache, and no more", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", [says(text("hello"))])
    yield* ask(server)
    const [request] = server.requests
    const { body } = request!
    assert.isDefined(body.tools.at(-1).cache_control)
    assert.isDefined(body.system.at(-1).cache_control)
    assert.isDefined(body.messages.at(-1).content.at(-1).cache_control)
    assert.strictEqual(marks(body), 3)
    assert.strictEqual(request?.headers["anthropic-version"], "2023-06-01")
    assert.strictEqual(request?.headers["x-api-key"], server.key)
    assert.isUndefined(request?.headers.authorization)
  }))

it.scopedLive("asks for as many tokens as is sane, older models for fewer, an option for fewer still", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", () => says(text("hello")))
    const limit = (name: string, maxOutput?: number) =>
      Effect.gen(function*() {
        const layer = Model.layer({
          model: `anthropic/${name}`,
          baseUrl: server.url,
          apiKey: Redacted.make(server.key),
          cwd: "/",
          maxOutput
        })
        yield* Stream.runDrain(LanguageModel.streamText({ prompt: "hi" })).pipe(Effect.provide(Layer.orDie(layer)))
        return server.requests.at(-1)?.body.max_tokens
      })
    assert.strictEqual(yield* limit("claude-sonnet-4-5"), 16_384)
    assert.strictEqual(yield* limit("claude-3-5-haiku-latest"), 8_192)
    assert.strictEqual(yield* limit("claude-3-haiku-20240307"), 4_096)
    assert.strictEqual(yield* limit("claude-sonnet-4-5", 2_000), 2_000)
    assert.strictEqual(yield* limit("claude-sonnet-4-5", 1_000_000), 16_384)
  }))

it.scopedLive("makes one message of neighbours of one role and sends no blank text", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", [says(text("ok"))])
    const note = (text: string) => Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })
    const empty = Prompt.makeMessage("assistant", { content: [Prompt.makePart("text", { text: " \n" })] })
    yield* ask(server, [
      ...opening,
      note(" "),
      empty,
      note("go on"),
      Prompt.makeMessage("system", { content: "phase: red" })
    ])
    const { messages } = server.requests[0]!.body
    assert.strictEqual(messages.length, 1)
    assert.deepStrictEqual(messages[0].content.map((block: any) => block.text), [
      "Add two numbers.",
      "go on",
      "phase: red"
    ])
  }))

it.scopedLive("skips unknown events, blocks and deltas, and calls an unknown stop reason other", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", [
      events(
        { type: "message_start", message: { strange: 1 } },
        { type: "aurora", index: 3 },
        { type: "content_block_start", index: 0, content_block: { type: "hologram", text: 7 } },
        { type: "content_block_delta", index: 0, delta: { type: "hologram_delta", light: "x" } },
        { type: "content_block_stop", index: 0 },
        { type: "content_block_start", index: 1, content_block: { type: "text", text: "hel" } },
        { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "lo" } },
        { type: "message_delta", delta: { stop_reason: "sunset" }, usage: { output_tokens: "many" } },
        { type: "message_stop" }
      )
    ])
    const parts = yield* ask(server)
    assert.strictEqual(textOf(parts), "hello")
    assert.strictEqual(finishOf(parts)?.reason, "other")
    assert.isUndefined(finishOf(parts)?.usage.outputTokens)
  }))

it.scopedLive("takes a stop reason for the last word of a server that closes without message_stop", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", [
      events(
        {
          type: "content_block_start",
          index: 0,
          content_block: { type: "tool_use", id: "t1", name: "fs_read", input: { path: "a" } }
        },
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "tool_use" } }
      )
    ])
    const parts = yield* ask(server)
    assert.deepStrictEqual(callsOf(parts), [{ name: "fs_read", params: { path: "a" } }])
    assert.strictEqual(finishOf(parts)?.reason, "tool-calls")
  }))
