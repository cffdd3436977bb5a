import type * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import type { Endpoint } from "../Dialect.ts"
import { choiceOf, markedText, pastCall, splitSystem, userTexts, wireId, wireTools } from "../history.ts"
import { at, text } from "../json.ts"

/** The body of POST /v1/responses. Nothing is stored at the provider, so reasoning travels with us, sealed. */
export const body = (endpoint: Endpoint, options: LanguageModel.ProviderOptions, sealed: boolean) => {
  const { rest, system } = splitSystem(options.prompt)
  const choice = choiceOf(options)
  return {
    model: endpoint.model,
    ...(system.length === 0 ? {} : { instructions: system.join("\n\n") }),
    input: rest.flatMap(items),
    stream: true,
    store: false,
    ...(sealed ? { include: ["reasoning.encrypted_content"] } : {}),
    ...(endpoint.maxOutput === undefined ? {} : { max_output_tokens: endpoint.maxOutput }),
    ...(options.tools.length === 0 ? {} : {
      tools: wireTools(options).map((tool) => ({ type: "function", ...tool, strict: false })),
      tool_choice: "mode" in choice ? choice.mode : { type: "function", name: choice.tool }
    })
  }
}

const items = (message: Prompt.Message): ReadonlyArray<unknown> => {
  switch (message.role) {
    case "system":
      return [{ role: "developer", content: message.content }]
    case "user":
      return [{ role: "user", content: userTexts(message).map((text) => ({ type: "input_text", text })) }]
    case "tool":
      return message.content.map((part) => ({
        type: "function_call_output",
        call_id: wireId(part.id),
        output: markedText(part)
      }))
    case "assistant":
      return message.content.flatMap(assistantItems)
  }
}

const assistantItems = (part: Prompt.AssistantMessagePart): ReadonlyArray<unknown> => {
  if (part.type === "text") {
    return part.text === "" ? [] : [{ role: "assistant", content: [{ type: "output_text", text: part.text }] }]
  }
  if (part.type === "reasoning") {
    const id = text(at(part.options, "openai", "itemId"))
    const encrypted_content = text(at(part.options, "openai", "encryptedContent"))
    // Without its seal the provider would look the item up, and nothing was stored.
    if (id === undefined || encrypted_content === undefined) return []
    const summary = part.text === "" ? [] : [{ type: "summary_text", text: part.text }]
    return [{ type: "reasoning", id, summary, encrypted_content }]
  }
  if (part.type !== "tool-call") return []
  const { args, id, name } = pastCall(part)
  return [{ type: "function_call", call_id: id, name, arguments: JSON.stringify(args) }]
}
