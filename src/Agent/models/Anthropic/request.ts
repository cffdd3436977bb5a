import type * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import type { Endpoint } from "../Dialect.ts"
import { choiceOf, pastCall, resultText, splitSystem, userTexts, wireId, wireTools } from "../history.ts"
import { at, text } from "../json.ts"

type Block = Record<string, unknown>
interface Message {
  readonly role: "user" | "assistant"
  readonly content: ReadonlyArray<Block>
}

const cached = { cache_control: { type: "ephemeral" } }

// The most these older models may be asked for.
const outputLimits: ReadonlyArray<readonly [RegExp, number]> = [
  [/^claude-3-(?:haiku|opus|sonnet)/, 4_096],
  [/^claude-3-5/, 8_192]
]
const defaultOutput = 16_384

/** The body of POST /v1/messages. Three cache marks: after the tools, after the system prompt, after the last message. */
export const body = (endpoint: Endpoint, options: LanguageModel.ProviderOptions) => {
  const { rest, system } = splitSystem(options.prompt)
  const choice = choiceOf(options)
  const most = outputLimits.find(([name]) => name.test(endpoint.model))?.[1] ?? defaultOutput
  const tools = wireTools(options).map(({ parameters, ...tool }) => ({ ...tool, input_schema: parameters }))
  return {
    model: endpoint.model,
    max_tokens: Math.min(endpoint.maxOutput ?? most, most),
    stream: true,
    ...(system.length === 0 ? {} : { system: markLast(system.map((text) => ({ type: "text", text }))) }),
    messages: markLastMessage(merge(rest.map(toMessage))),
    ...(tools.length === 0 ? {} : {
      tools: markLast(tools),
      tool_choice: "tool" in choice ?
        { type: "tool", name: choice.tool } :
        { type: choice.mode === "required" ? "any" : choice.mode }
    })
  }
}

const toMessage = (message: Prompt.Message): Message => {
  switch (message.role) {
    case "system":
      return { role: "user", content: texts([message.content]) }
    case "user":
      return { role: "user", content: texts(userTexts(message)) }
    case "tool":
      return {
        role: "user",
        content: message.content.map((part) => ({
          type: "tool_result",
          tool_use_id: wireId(part.id),
          content: resultText(part),
          ...(part.isFailure ? { is_error: true } : {})
        }))
      }
    case "assistant":
      return { role: "assistant", content: message.content.flatMap(assistantBlocks) }
  }
}

// Blank text is refused.
const texts = (all: ReadonlyArray<string>): ReadonlyArray<Block> =>
  all.filter((text) => text.trim() !== "").map((text) => ({ type: "text", text }))

const assistantBlocks = (part: Prompt.AssistantMessagePart): ReadonlyArray<Block> => {
  if (part.type === "text") return texts([part.text])
  if (part.type === "reasoning") {
    const data = text(at(part.options, "anthropic", "redactedData"))
    if (data !== undefined) return [{ type: "redacted_thinking", data }]
    const signature = text(at(part.options, "anthropic", "signature"))
    return signature === undefined ? [] : [{ type: "thinking", thinking: part.text, signature }]
  }
  if (part.type !== "tool-call") return []
  const { args, id, name } = pastCall(part)
  return [{ type: "tool_use", id, name, input: args }]
}

/** Results must stand in the message right after their calls, so neighbours of one role become one message. */
const merge = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const out: Array<Message> = []
  for (const message of messages) {
    const last = out.at(-1)
    if (message.content.length === 0) continue
    if (last?.role === message.role) out.splice(-1, 1, { ...last, content: [...last.content, ...message.content] })
    else out.push(message)
  }
  return out
}

const markLast = (blocks: ReadonlyArray<Block>): ReadonlyArray<Block> =>
  blocks.map((block, index) => index === blocks.length - 1 ? { ...block, ...cached } : block)

const markLastMessage = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> =>
  messages.map((message, index) =>
    index === messages.length - 1 && message.role === "user"
      ? { ...message, content: markLast(message.content) }
      : message
  )
