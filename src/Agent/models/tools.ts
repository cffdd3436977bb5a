import type * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Response from "@effect/ai/Response"
import * as Tool from "@effect/ai/Tool"
import type * as Toolkit from "@effect/ai/Toolkit"
import { Effect, Schema } from "effect"
import { type ToolSpec, wireName } from "../../Router.ts"
import { type InvalidCall, invalidCall } from "./parts.ts"

export { type InvalidCall, invalidCall }

const AnyArguments = Schema.Struct({}, Schema.Record({ key: Schema.String, value: Schema.Unknown }))

type Declared = Tool.Tool<string, {
  readonly parameters: typeof AnyArguments
  readonly success: typeof Schema.Unknown
  readonly failure: typeof Schema.Unknown
  readonly failureMode: "return"
}>

export type DeclaredTools = Record<string, Declared>

/** A part of a model's answer over declared tools. */
export type ModelPart = Response.StreamPart<DeclaredTools>

const make = (name: string, description: string, jsonSchema: object): Declared =>
  Tool.make(name, { description, success: Schema.Unknown, failure: Schema.Unknown, failureMode: "return" })
    .setParameters(AnyArguments.annotations({ jsonSchema }))

/** Tools as a model is told of them. Both go to `streamText`, with `disableToolCallResolution: true`. */
export interface Declaration {
  readonly toolkit: Toolkit.WithHandler<DeclaredTools>
  readonly toolChoice: LanguageModel.ToolChoice<string>
}

/**
 * Declares tools under their wire names, with nothing that could run them. `invalid_call` is declared beside them and left out of
 * the choice: the model is never told of it, but a call that fits no tool can arrive under it instead of killing the stream.
 */
export const declare = (specs: ReadonlyArray<ToolSpec>): Declaration => {
  const tools = specs.map((spec) => make(wireName(spec.name), spec.description, spec.parameters))
  const all = [...tools, make(invalidCall, "A call that fits no tool.", { type: "object" })]
  return {
    toolkit: {
      tools: Object.fromEntries(all.map((tool) => [tool.name, tool])),
      handle: () => Effect.dieMessage("only the router runs tools")
    },
    toolChoice: { mode: "auto", oneOf: tools.map((tool) => tool.name) }
  }
}

/** Reads the parameters of an `invalid_call` part. */
export const invalidCallOf = (params: unknown): InvalidCall => {
  const { arguments: args, name, reason } = params as Partial<Record<keyof InvalidCall, unknown>>
  return { name: String(name), arguments: String(args), reason: String(reason) }
}
