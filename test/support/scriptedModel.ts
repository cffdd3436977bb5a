import type * as AiError from "@effect/ai/AiError"
import * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Response from "@effect/ai/Response"
import { Effect, Layer, Stream } from "effect"
import { type Say, text, type Turn } from "./ModelServer.ts"

/** What the agent asked of a scripted model: the prompts, oldest first, as JSON text. */
export interface ScriptedModel {
  readonly layer: Layer.Layer<LanguageModel.LanguageModel>
  readonly prompts: Array<string>
}

const partsOf = (say: Say, id: string): ReadonlyArray<Response.StreamPartEncoded> => {
  if ("call" in say) {
    return [{ type: "tool-call", id, name: say.call.name.replaceAll(".", "_"), params: say.call.args as never }]
  }
  const delta = "text" in say ? say.text : ""
  return [{ type: "text-start", id }, { type: "text-delta", id, delta }, { type: "text-end", id }]
}

/** A model without HTTP: plays turns as an app's own `LanguageModel` layer would; past the script it falls silent. */
export const scriptedModel = (turns: ReadonlyArray<Turn>): ScriptedModel => {
  const prompts: Array<string> = []
  const streamText = (
    options: LanguageModel.ProviderOptions
  ): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> => {
    const index = prompts.length
    prompts.push(JSON.stringify(options.prompt))
    const said = turns[index]?.say ?? [text("I have nothing to add.")]
    const calls = said.some((say) => "call" in say)
    return Stream.fromIterable([
      ...said.flatMap((say, at) => partsOf(say, `t${index}-${at}`)),
      {
        type: "finish" as const,
        reason: calls ? "tool-calls" as const : "stop" as const,
        usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 }
      }
    ])
  }
  const model = LanguageModel.make({ streamText, generateText: () => Effect.dieMessage("the agent streams") })
  return { prompts, layer: Layer.effect(LanguageModel.LanguageModel, model) }
}
