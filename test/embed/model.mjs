import * as LanguageModel from "@effect/ai/LanguageModel"
import { Effect, Layer, Stream } from "effect"

const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15 }

/** A model of the app's own: it answers each request with the next list of tool calls. */
export const layer = (turns) =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.suspend(() => {
      let asked = 0
      return LanguageModel.make({
        generateText: () => Effect.dieMessage("the kernel streams"),
        streamText: () => {
          const turn = asked++
          const calls = (turns[turn] ?? []).map(([name, params], index) => ({
            type: "tool-call",
            id: `call-${turn}-${index}`,
            name,
            params
          }))
          return Stream.fromIterable([...calls, {
            type: "finish",
            reason: calls.length > 0 ? "tool-calls" : "stop",
            usage
          }])
        }
      })
    })
  )
