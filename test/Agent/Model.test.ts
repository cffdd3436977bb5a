import * as LanguageModel from "@effect/ai/LanguageModel"
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either, Layer, Redacted } from "effect"
import { inspect } from "node:util"
import * as Model from "../../src/Agent/Model.ts"
import { endpointOf, nearness } from "../../src/Agent/models/address.ts"
import { makeModelServer, says, text } from "../support/ModelServer.ts"

const build = (layer: ReturnType<typeof Model.layerConfig>, env: Record<string, string> = {}) =>
  Effect.provide(
    LanguageModel.LanguageModel,
    Layer.provide(layer, Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))))
  )

it.each([
  ["openai/gpt-5", { provider: "openai", name: "gpt-5" }],
  ["compat/org/model:7b", { provider: "compat", name: "org/model:7b" }],
  [" recorded/demo/a b.json ", { provider: "recorded", name: "demo/a b.json" }]
])("parses %s", (model, parsed) => {
  assert.deepStrictEqual<unknown>(Either.getOrThrow(Model.parse(model)), parsed)
})

it.each(["", "gpt-5", "openai/", "openai/ ", "OpenAI/gpt-5", "gemini/pro", "/x"])("refuses the name %s", (model) => {
  const error = Either.getOrThrow(Either.flip(Model.parse(model)))
  assert.strictEqual(error.reason, "name")
  assert.include(error.message, "use openai/")
})

it.each(
  [
    ["openai", undefined, "https://api.openai.com/v1/responses"],
    ["openai", "", "https://api.openai.com/v1/responses"],
    ["openai", "https://gate.example", "https://gate.example/v1/responses"],
    ["openai", "https://gate.example/v1/", "https://gate.example/v1/responses"],
    [
      "openai",
      "https://gate.example/openai/v1?api-version=1",
      "https://gate.example/openai/v1/responses?api-version=1"
    ],
    ["anthropic", undefined, "https://api.anthropic.com/v1/messages"],
    ["anthropic", "https://gate.example/a//", "https://gate.example/a/v1/messages"],
    ["anthropic", "https://gate.example/v1", "https://gate.example/v1/messages"],
    ["compat", "http://localhost:11434", "http://localhost:11434/v1/chat/completions"],
    ["compat", "http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"],
    ["compat", "https://gate.example/v1/chat/completions", "https://gate.example/v1/chat/completions"]
  ] as const
)("finds the endpoint of %s at %s", (protocol, base, endpoint) => {
  assert.strictEqual(Either.getOrThrow(endpointOf(protocol, base, true)).href, endpoint)
})

it.each(
  [
    ["compat", undefined],
    ["openai", "ftp://gate.example"],
    ["openai", "gate.example"],
    ["openai", "https://user:secret@gate.example"],
    ["openai", "http://gate.example/v1"]
  ] as const
)("refuses %s at %s", (protocol, base) => {
  const wrong = Either.getOrThrow(Either.flip(endpointOf(protocol, base, true)))
  assert.notInclude(wrong, "secret")
})

it("tells this machine and private networks from the rest", () => {
  const loopback = ["localhost", "LOCALHOST.", "a.localhost", "127.9.9.9", "[::1]"]
  const near = ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fd00::1]", "ollama", "nas.local"]
  const far = ["example.com", "172.32.0.1", "11.0.0.1", "[2001:db8::1]", "127.0.0.1.example.com", "local.example"]
  assert.deepStrictEqual(loopback.map(nearness), loopback.map(() => "loopback"))
  assert.deepStrictEqual(near.map(nearness), near.map(() => "private"))
  assert.deepStrictEqual(far.map(nearness), far.map(() => "public"))
})

it.effect.each([
  { model: "openai/gpt-5", remedy: "set OPENAI_API_KEY" },
  { model: "anthropic/claude-sonnet-4-5", remedy: "set ANTHROPIC_API_KEY" }
])("says which key $model needs", ({ model, remedy }) =>
  Effect.gen(function*() {
    for (const env of [{}, { OPENAI_API_KEY: "", ANTHROPIC_API_KEY: " " }]) {
      const error = yield* Effect.flip(build(Model.layerConfig(model), env))
      assert.strictEqual(error._tag, "ModelUnknown")
      assert.include(error.message, remedy)
    }
  }))

it.effect("refuses a key that cannot stand in a header, without showing it", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(build(Model.layerConfig("openai/gpt-5"), { OPENAI_API_KEY: "SECRET\nSECRET" }))
    assert.include(error.message, "its API key holds blanks")
    assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "SECRET")
  }))

it.effect("needs an address for compat, and says where to give it", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(build(Model.layerConfig("compat/llama3.2")))
    assert.include(error.message, "--base-url")
  }))

it.scopedLive("takes key and address from the usual variables; a base URL given by hand goes first", () =>
  Effect.gen(function*() {
    for (const dialect of ["openai", "anthropic", "compat"] as const) {
      const server = yield* makeModelServer(dialect, () => says(text("hello")))
      const byHand = dialect === "compat" ? server.url : undefined
      const model = yield* build(Model.layerConfig(server.model, byHand), server.env)
      assert.strictEqual((yield* model.generateText({ prompt: "hi" })).text, "hello")
      const wrong = { ...server.env, [`${dialect.toUpperCase()}_BASE_URL`]: "http://127.0.0.1:9" }
      const again = yield* build(Model.layerConfig(server.model, server.url), wrong)
      assert.strictEqual((yield* again.generateText({ prompt: "hi" })).text, "hello")
      assert.strictEqual(server.requests.length, 2)
    }
  }))

it.scopedLive("never sends the OpenAI or Anthropic key to a compat server", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("compat", () => says(text("hello")))
    const env = { OPENAI_API_KEY: server.key, ANTHROPIC_API_KEY: server.key }
    const model = yield* build(Model.layerConfig(server.model, server.url), env)
    const error = yield* Effect.flip(model.generateText({ prompt: "hi" }))
    assert.strictEqual(error._tag, "HttpResponseError")
    assert.deepStrictEqual(server.unauthorized, [undefined])
  }))

it.scopedLive("gives whole answers to an app that does not stream", () =>
  Effect.gen(function*() {
    const server = yield* makeModelServer("anthropic", () => says(text("hello "), text("world")))
    const model = yield* Effect.provide(
      LanguageModel.LanguageModel,
      Model.layer({ model: server.model, baseUrl: server.url, apiKey: Redacted.make(server.key), cwd: "/" })
    )
    const answer = yield* model.generateText({ prompt: "hi" })
    assert.strictEqual(answer.text, "hello world")
    assert.strictEqual(answer.finishReason, "stop")
    assert.strictEqual(answer.usage.outputTokens, 20)
  }))
