import * as LanguageModel from "@effect/ai/LanguageModel"
import { assert, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Stream, TestClock } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Model from "../../../src/Agent/Model.ts"
import { assistantMessage, toolMessage } from "../../../src/Agent/models/messages.ts"
import { declare } from "../../../src/Agent/models/tools.ts"
import { gate } from "../../../src/Agent/ModelStream.ts"
import { callsOf, finishOf, opening, specs, textOf } from "./harness.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "fluffy-recorded-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

const recording = (content: string) =>
  Effect.gen(function*() {
    const cwd = yield* folder
    yield* Effect.promise(() => writeFile(join(cwd, "demo.json"), content))
    const model = yield* Effect.provide(LanguageModel.LanguageModel, Model.layer({ model: "recorded/demo.json", cwd }))
    return (prompt: Parameters<typeof assistantMessage>[0] | undefined = undefined, result = "") => {
      const tail = prompt === undefined ? [] : [
        assistantMessage(prompt),
        toolMessage([{ id: "1", name: "fs_read", failed: false, text: result }])
      ]
      const stream = model.streamText({
        prompt: [...opening, ...tail],
        ...declare(specs),
        disableToolCallResolution: true
      })
      return gate(stream, { idle: "1 minute", retries: 2 }).pipe(Stream.runCollect, Effect.map(Chunk.toReadonlyArray))
    }
  })

const turns = [
  [{ reasoning: "Test first." }, { text: "I write the test, größer 😀." }, {
    call: { name: "fs.write", args: { path: "a.test.js", content: "x" } }
  }],
  [{ expect: "red" }, { text: "Now the code." }, { call: { name: "nope", args: {} } }, {
    call: { name: "fs_read", args: "{oops" }
  }]
]

it.scoped.each([
  { format: "JSON", content: JSON.stringify(turns, null, 2) },
  { format: "JSONL", content: turns.map((turn) => JSON.stringify(turn)).join("\n") }
])("plays a $format recording turn by turn, in small deltas", ({ content }) =>
  Effect.gen(function*() {
    const ask = yield* recording(content)
    const first = yield* ask()
    assert.strictEqual(textOf(first), "I write the test, größer 😀.")
    assert.isAbove(first.filter((part) => part.type === "text-delta").length, 4)
    assert.deepStrictEqual(callsOf(first), [{ name: "fs_write", params: { path: "a.test.js", content: "x" } }])
    assert.strictEqual(finishOf(first)?.reason, "tool-calls")
    const second = yield* ask(first, "verdict: red, 1 failing")
    assert.strictEqual(textOf(second), "Now the code.")
    assert.deepStrictEqual(callsOf(second).map(({ name }) => name), ["invalid_call", "invalid_call"])
  }))

it.scoped("says which turn is missing when it is played out", () =>
  Effect.gen(function*() {
    const ask = yield* recording("[{\"text\": \"only\"}]")
    assert.strictEqual(textOf(yield* ask()), "only")
    const error = yield* Effect.flip(ask())
    assert.strictEqual(error.kind, "rejected")
    assert.strictEqual(error.message, "The model request failed (rejected): the recording has no turn 2")
  }))

it.scoped("refuses to go on when the last results do not hold what was expected, and does not lose the turn", () =>
  Effect.gen(function*() {
    const ask = yield* recording(JSON.stringify(turns))
    const first = yield* ask()
    const error = yield* Effect.flip(ask(first, "verdict: green"))
    assert.include(error.message, "turn 2 of the recording expects \"red\" in the last tool results")
    assert.strictEqual(textOf(yield* ask(first, "red")), "Now the code.")
  }))

it.scoped("waits before each delta as long as the recording says", () =>
  Effect.gen(function*() {
    const ask = yield* recording("[[{\"text\": \"one two three\", \"delayMs\": 1000}]]")
    const fiber = yield* Effect.fork(ask())
    yield* TestClock.adjust("2999 millis")
    assert.isNull(yield* Fiber.poll(fiber).pipe(Effect.map((exit) => exit._tag === "None" ? null : exit)))
    yield* TestClock.adjust("1 millis")
    assert.strictEqual(textOf(yield* Fiber.join(fiber)), "one two three")
  }))

it.scoped.each([
  { content: "", why: "it holds no turn" },
  { content: "[]", why: "it holds no turn" },
  { content: "[[{\"txt\": \"x\"}]]", why: "txt" },
  { content: "[[{\"text\": \"x\"}]]\nnot json", why: "line 2" },
  { content: "{\"turns\": []}", why: "Expected" }
])("refuses a file that is no recording: $content", ({ content, why }) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(recording(content))
    assert.strictEqual(error._tag, "ModelUnknown")
    assert.strictEqual(error.reason, "recording")
    assert.include(error.message, why)
  }))

it.scoped.each(["missing.json", "."])("refuses a path that is no file: %s", (file) =>
  Effect.gen(function*() {
    const cwd = yield* folder
    const layer = Model.layer({ model: `recorded/${file}`, cwd })
    const error = yield* Effect.flip(Effect.provide(LanguageModel.LanguageModel, layer))
    assert.strictEqual(error.reason, "recording")
  }))
