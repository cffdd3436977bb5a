import type * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import type { Endpoint } from "../Dialect.ts"
import { choiceOf, markedText, pastCall, userTexts, wireId, wireTools } from "../history.ts"
import { at } from "../json.ts"

/** The body of POST …/chat/completions, with no more fields than the smallest servers know. */
export const body = (endpoint: Endpoint, options: LanguageModel.ProviderOptions) => {
  const choice = choiceOf(options)
  const echo = options.prompt.content.some((message) => message.role === "assistant" && message.content.some(wantsEcho))
  return {
    model: endpoint.model,
    messages: options.prompt.content.flatMap((message) => messages(message, echo)),
    stream: true,
    stream_options: { include_usage: true },
    ...(endpoint.maxOutput === undefined ? {} : { max_tokens: endpoint.maxOutput }),
    ...(options.tools.length === 0 ? {} : {
      tools: wireTools(options).map((tool) => ({ type: "function", function: tool })),
      tool_choice: "mode" in choice ? choice.mode : { type: "function", function: { name: choice.tool } }
    })
  }
}

const wantsEcho = (part: Prompt.AssistantMessagePart) =>
  part.type === "reasoning" && at(part.options, "compat", "field") === "reasoning_content"

const messages = (message: Prompt.Message, echo: boolean): ReadonlyArray<unknown> => {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: message.content }]
    case "user":
      return [{ role: "user", content: userTexts(message).join("\n\n") }]
    case "tool":
      return message.content.map((part) => ({
        role: "tool",
        tool_call_id: wireId(part.id),
        content: markedText(part)
      }))
    case "assistant":
      return assistant(message.content, echo)
  }
}

/** `echo`: a server that thinks in `reasoning_content` and wants it back with every message of its own; others refuse the field. */
const assistant = (parts: ReadonlyArray<Prompt.AssistantMessagePart>, echo: boolean) => {
  const calls = parts.flatMap((part) => {
    if (part.type !== "tool-call") return []
    const { args, id, name } = pastCall(part)
    return [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }]
  })
  const content = parts.map((part) => part.type === "text" ? part.text : "").join("")
  const thought = parts.map((part) => part.type === "reasoning" && wantsEcho(part) ? part.text : "").join("")
  // A message that says nothing is refused by some.
  if (content === "" && calls.length === 0) return []
  return [{
    role: "assistant",
    content,
    ...(echo ? { reasoning_content: thought } : {}),
    ...(calls.length === 0 ? {} : { tool_calls: calls })
  }]
}
