import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { assistantMessage, toolMessage } from "../../../src/Agent/models/messages.ts"
import { usageOf } from "../../../src/Agent/ModelStream.ts"
import { call, type Dialect, makeModelServer, raw, reasoning, says, text } from "../../support/ModelServer.ts"
import { ask, callsOf, finishOf, opening, specs, textOf } from "./harness.ts"

const dialects: ReadonlyArray<Dialect> = ["openai", "anthropic", "compat"]

describe.concurrent.each(dialects)("%s", (dialect) => {
  it.scopedLive("gives reasoning, text and calls in their order, each call once, then finish", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [
        says(
          reasoning("Tests first. "),
          text("I write the test: größer 😀 ✓."),
          call("fs.write", { path: "test/ü.test.js", content: "😀\n\"quoted\"" }),
          call("fs.read", { path: "a.js" })
        )
      ])
      const parts = yield* ask(server)
      assert.strictEqual(textOf(parts), "I write the test: größer 😀 ✓.")
      assert.deepStrictEqual(callsOf(parts), [
        { name: "fs_write", params: { path: "test/ü.test.js", content: "😀\n\"quoted\"" } },
        { name: "fs_read", params: { path: "a.js" } }
      ])
      const order = parts.map((part) => part.type).filter((type) => !/delta|metadata/.test(type))
      assert.deepStrictEqual(order, [
        "reasoning-start",
        "reasoning-end",
        "text-start",
        "text-end",
        "tool-params-start",
        "tool-params-start",
        "tool-params-end",
        "tool-call",
        "tool-params-end",
        "tool-call",
        "finish"
      ])
      assert.strictEqual(finishOf(parts)?.reason, "tool-calls")
    }))

  it.scopedLive("tells the tools under their wire names and never of invalid_call", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [says(text("hello"))])
      yield* ask(server)
      const [request] = server.requests
      assert.deepStrictEqual(request?.tools, specs.map((spec) => spec.name.replace(".", "_")))
      assert.strictEqual(request?.system, "You are careful.")
      assert.deepStrictEqual(request?.user, ["Add two numbers."])
      assert.notInclude(request?.raw, "invalid_call")
      assert.include(request?.raw, JSON.stringify(specs[5]?.parameters))
      assert.isBelow(Buffer.byteLength(request?.raw ?? ""), 6_000)
    }))

  it.scopedLive("sends no tracing headers and asks for a stream", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [says(text("hello"))])
      yield* Effect.withSpan(ask(server), "outer")
      const [request] = server.requests
      const names = Object.keys(request?.headers ?? {})
      assert.isFalse(names.some((name) => /traceparent|tracestate|b3|baggage/.test(name)), names.join())
      assert.isTrue(request?.body.stream)
    }))

  it.scopedLive("counts cached tokens as part of the input, whatever the dialect does", () =>
    Effect.gen(function*() {
      const tokens = { input: 100, cached: 30, written: 7, output: 20 }
      const server = yield* makeModelServer(dialect, [{ say: [text("hello")], tokens }])
      const finish = finishOf(yield* ask(server))
      assert.deepStrictEqual(finish && usageOf(finish), { input: 137, output: 20, cached: 30 })
      assert.strictEqual(finish?.usage.totalTokens, 157)
    }))

  it.scopedLive("brings an unknown tool and malformed arguments as invalid_call, without ending the stream", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [
        says(
          call("fs.destroy", { path: "/" }),
          raw("fs.write", "{\"path\": \"a"),
          raw("fs.read", "[1]"),
          raw("fs.read", "{\"__proto__\": {\"x\": 1}}"),
          call("invalid.call", {}),
          raw("fs.exists", "")
        )
      ])
      assert.deepStrictEqual(callsOf(yield* ask(server)), [
        invalid("fs_destroy", "{\"path\":\"/\"}", "there is no tool of this name"),
        invalid("fs_write", "{\"path\": \"a", "the arguments are not valid JSON"),
        invalid("fs_read", "[1]", "the arguments are not a JSON object"),
        invalid("fs_read", "{\"__proto__\": {\"x\": 1}}", "the arguments are not valid JSON"),
        invalid("invalid_call", "{}", "there is no tool of this name"),
        { name: "fs_exists", params: {} }
      ])
    }))

  it.scopedLive("caps what an invalid call carries", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [says(raw("x".repeat(3_000), "y".repeat(90_000)))], {
        chunk: 4_096
      })
      const [made] = callsOf(yield* ask(server))
      assert.isBelow(JSON.stringify(made).length, 4_500)
    }))

  it.scopedLive("says length when the token limit cut the answer, and gives no half-written call", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [
        { say: [raw("fs.write", "{\"path\": \"a.js\", \"content\": \"abc")], finish: "length" }
      ])
      const parts = yield* ask(server)
      assert.strictEqual(finishOf(parts)?.reason, "length")
      const [made] = callsOf(parts)
      assert.strictEqual(made?.name, "invalid_call")
      assert.include(JSON.stringify(made?.params), "cut at the limit of output tokens")
    }))

  it.scopedLive("tells results as plain text, failures marked, and takes back what it said", () =>
    Effect.gen(function*() {
      const server = yield* makeModelServer(dialect, [
        says(text("Reading."), call("fs.read", { path: "a" }), call("nope", {}), raw("fs.read", "{oops")),
        says(text("Done."))
      ])
      const parts = yield* ask(server)
      const [first = "", second = "", third = ""] = parts.flatMap((part) => part.type === "tool-call" ? [part.id] : [])
      const answers = toolMessage([
        { id: first, name: "fs_read", failed: false, text: "line 1\n\"line\" 2\\" },
        { id: second, name: "invalid_call", failed: true, text: "no such tool" },
        { id: third, name: "invalid_call", failed: true, text: "" }
      ])
      yield* ask(server, [...opening, assistantMessage(parts), answers])
      const mark = dialect === "anthropic" ? "" : "ERROR: "
      assert.deepStrictEqual(server.requests[1]?.results, [
        { id: first, text: "line 1\n\"line\" 2\\", failed: false },
        { id: second, text: `${mark}no such tool`, failed: true },
        { id: third, text: `${mark}(no output)`, failed: true }
      ])
      assert.deepStrictEqual(pastCalls(dialect, server.requests[1]?.body), [
        { id: first, name: "fs_read", args: { path: "a" } },
        { id: second, name: "nope", args: {} },
        { id: third, name: "fs_read", args: {} }
      ])
      assert.include(server.requests[1]?.raw, "\"Reading.\"")
    }))

  it.scopedLive("gives every call an id of its own, also when the server repeats one", () =>
    Effect.gen(function*() {
      const twice = says(call("fs.read", { path: "a" }, "call_0"), call("fs.list", { path: "b" }, "call_0"))
      const server = yield* makeModelServer(dialect, [twice, twice])
      const first = yield* ask(server)
      const second = yield* ask(server, [...opening, assistantMessage(first)])
      const ids = [...first, ...second].flatMap((part) => part.type === "tool-call" ? [part.id] : [])
      assert.strictEqual(ids.length, 4)
      assert.strictEqual(new Set(ids).size, 4)
    }))
})

const invalid = (name: string, args: string, reason: string) => ({
  name: "invalid_call",
  params: { name, arguments: args, reason }
})

/** The calls as they went back to the provider. */
const pastCalls = (dialect: Dialect, body: any): ReadonlyArray<unknown> => {
  if (dialect === "openai") {
    return body.input.filter((item: any) => item.type === "function_call")
      .map((item: any) => ({ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) }))
  }
  const own = body.messages.find((message: any) => message.role === "assistant")
  return dialect === "anthropic"
    ? own.content.filter((block: any) => block.type === "tool_use")
      .map((block: any) => ({ id: block.id, name: block.name, args: block.input }))
    : own.tool_calls.map((made: any) => ({
      id: made.id,
      name: made.function.name,
      args: JSON.parse(made.function.arguments)
    }))
}
