import type { LanguageModel } from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import type * as Response from "@effect/ai/Response"
import { Effect, Stream } from "effect"
import type { ToolCall } from "../domain/ToolCall.ts"
import { isoNow } from "../internal/time.ts"
import type { RouterSession, ToolSpec } from "../Router.ts"
import type { Usage } from "./AgentTask.ts"
import type { ModelFailed } from "./ModelError.ts"
import { assistantMessage } from "./models/messages.ts"
import { declare, invalidCall, invalidCallOf, type ModelPart } from "./models/tools.ts"
import { gate, usageOf } from "./ModelStream.ts"

const idle = "3 minutes"
const retries = 5

/** One reply of the model: what goes back into the conversation, what it said, and what it asks to be run. */
export interface Turn {
  readonly message: Prompt.AssistantMessage
  readonly text: string
  readonly calls: ReadonlyArray<ToolCall>
  readonly usage: Usage
  readonly finish: Response.FinishReason
}

/** Asks the model once, showing its text as it comes. Nothing is run here: calls are only collected. */
export const ask = Effect.fn("Agent.ask")(function*(
  model: LanguageModel["Type"],
  session: Pick<RouterSession, "id" | "emit">,
  tools: ReadonlyArray<ToolSpec>,
  prompt: ReadonlyArray<Prompt.Message>
): Effect.fn.Return<Turn, ModelFailed> {
  const { toolChoice, toolkit } = declare(tools)
  const stream = model.streamText({ prompt, toolkit, toolChoice, disableToolCallResolution: true })
  const notice = (text: string) =>
    Effect.flatMap(isoNow, (at) => session.emit({ type: "notice", at, session: session.id, level: "warning", text }))
  const parts: Array<ModelPart> = []
  yield* gate(stream, {
    idle,
    retries,
    onRetry: (failure, delayMs) => notice(`${failure.message}; trying again in ${(delayMs / 1000).toFixed(1)} s`)
  }).pipe(
    Stream.runForEach((part) => {
      parts.push(part)
      if (part.type !== "text-delta") return Effect.void
      return Effect.flatMap(
        isoNow,
        (at) => session.emit({ type: "text.delta", at, session: session.id, text: part.delta })
      )
    })
  )
  const finish = parts.findLast((part): part is Response.FinishPart => part.type === "finish")
  return {
    message: assistantMessage(parts),
    text: parts.map((part) => part.type === "text-delta" ? part.delta : "").join(""),
    calls: parts.flatMap((part) => part.type === "tool-call" ? [asCall(part)] : []),
    usage: finish === undefined ? { input: 0, output: 0, cached: 0 } : usageOf(finish),
    finish: finish?.reason ?? "unknown"
  }
})

/** A call that fits no tool keeps the name and the raw arguments the model gave: the router says what is wrong with it. */
const asCall = (part: { readonly id: string; readonly name: string; readonly params: unknown }): ToolCall => {
  if (part.name !== invalidCall) return { id: part.id, name: part.name, args: part.params }
  const invalid = invalidCallOf(part.params)
  return { id: part.id, name: invalid.name, args: invalid.arguments }
}
