import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Prompt from "@effect/ai/Prompt"
import { Chunk, Effect, Redacted, Stream } from "effect"
import * as Model from "../../../src/Agent/Model.ts"
import type { ModelFailed } from "../../../src/Agent/ModelError.ts"
import { declare, type ModelPart } from "../../../src/Agent/models/tools.ts"
import { gate, type GateOptions } from "../../../src/Agent/ModelStream.ts"
import type { ToolSpec } from "../../../src/Router/ToolSpec.ts"
import type { ModelServer } from "../../support/ModelServer.ts"

const spec = (name: ToolSpec["name"], properties: Record<string, unknown>): ToolSpec => ({
  name,
  path: "fast",
  description: `Does ${name} to a path of the project`,
  parameters: { type: "object", properties, required: Object.keys(properties), additionalProperties: false }
})

const string = { type: "string" }

/** The ten tools, with schemas of about the size of the real ones. */
export const specs: ReadonlyArray<ToolSpec> = [
  spec("fs.read", { path: string, offset: { type: "integer" }, limit: { type: "integer", maximum: 5000 } }),
  spec("fs.list", { path: string, recursive: { type: "boolean" } }),
  spec("fs.exists", { path: string }),
  spec("search.grep", { pattern: string, path: string, glob: string }),
  spec("search.glob", { pattern: string, cwd: string }),
  spec("fs.write", { path: string, content: { $ref: "#/$defs/content" } }),
  spec("fs.edit", { path: string, old: string, new: string, all: { oneOf: [{ type: "boolean" }, { type: "null" }] } }),
  spec("test.run", { pattern: string, timeout: { type: "number" } }),
  spec("shell.exec", { command: string, args: { type: "array", items: string }, cwd: string, timeout: string }),
  spec("task.complete", { summary: string })
]

/** A prompt of a system message and one task. */
export const opening: ReadonlyArray<Prompt.Message> = [
  Prompt.makeMessage("system", { content: "You are careful." }),
  Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text: "Add two numbers." })] })
]

/** The gated stream of one request to a server. */
export const stream = (
  server: ModelServer,
  messages: ReadonlyArray<Prompt.Message> = opening,
  options: Partial<GateOptions> & { readonly model?: string } = {}
): Stream.Stream<ModelPart, ModelFailed> =>
  Stream.unwrap(
    Effect.map(
      Effect.provide(LanguageModel.LanguageModel, modelOf(server, options.model)),
      (model) =>
        gate(
          model.streamText({ prompt: messages, ...declare(specs), disableToolCallResolution: true }),
          { idle: "5 seconds", retries: 0, ...options }
        )
    )
  ).pipe(Stream.catchTag("ModelUnknown", (error) => Stream.die(error)))

export const modelOf = (server: ModelServer, model = server.model) =>
  Model.layer({ model, baseUrl: server.url, apiKey: Redacted.make(server.key), cwd: "/" })

/** All parts of one answer. */
export const ask = (...args: Parameters<typeof stream>): Effect.Effect<ReadonlyArray<ModelPart>, ModelFailed> =>
  Effect.map(Stream.runCollect(stream(...args)), Chunk.toReadonlyArray)

/** What was shown before it ended, and how it ended. */
export const watch = (...args: Parameters<typeof stream>) =>
  Effect.gen(function*() {
    const parts: Array<ModelPart> = []
    const error = yield* Effect.flip(Stream.runForEach(stream(...args), (part) => Effect.sync(() => parts.push(part))))
    return { parts, error }
  })

export const textOf = (parts: ReadonlyArray<ModelPart>): string =>
  parts.map((part) => part.type === "text-delta" ? part.delta : "").join("")

export const callsOf = (parts: ReadonlyArray<ModelPart>) =>
  parts.flatMap((part) => part.type === "tool-call" ? [{ name: part.name, params: part.params as unknown }] : [])

export const finishOf = (parts: ReadonlyArray<ModelPart>) => parts.find((part) => part.type === "finish")
