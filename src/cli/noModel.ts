import * as LanguageModel from "@effect/ai/LanguageModel"
import { Effect, Layer, Stream } from "effect"

const none = "this command asks no model"

/** Stands where a kernel wants a model, for commands that never ask one. */
export const layer: Layer.Layer<LanguageModel.LanguageModel> = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({ generateText: () => Effect.dieMessage(none), streamText: () => Stream.dieMessage(none) })
)
