import type * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import * as Tool from "@effect/ai/Tool"
import { text } from "./json.ts"
import { invalidCall, readArguments } from "./parts.ts"

/** A call of an earlier turn in a form every provider takes back. */
export interface PastCall {
  readonly id: string
  readonly name: string
  readonly args: object
}

/** Providers refuse ids and names with other characters, or longer ones; calls and results are changed alike. */
export const wireId = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "call"

/** A call that was `invalid_call` goes back under the name the model gave; arguments no one could read go back as none. */
export const pastCall = (part: Prompt.ToolCallPart): PastCall => {
  const params = typeof part.params === "object" && part.params !== null ? part.params as Record<string, unknown> : {}
  if (part.name !== invalidCall) return { id: wireId(part.id), name: wireId(part.name), args: params }
  const args = readArguments(text(params.arguments) ?? "")
  return {
    id: wireId(part.id),
    name: wireId(text(params.name) || "unknown_tool"),
    args: typeof args === "string" ? {} : args
  }
}

/** A result as plain text. Providers refuse an empty one. */
export const resultText = (part: Prompt.ToolResultPart): string => {
  const plain = typeof part.result === "string" ? part.result : JSON.stringify(part.result) ?? ""
  return plain === "" ? "(no output)" : plain
}

/** The same for a protocol that has no mark for failures. */
export const markedText = (part: Prompt.ToolResultPart): string => {
  const plain = resultText(part)
  return part.isFailure && !plain.startsWith("ERROR: ") ? `ERROR: ${plain}` : plain
}

/** The text of a user's message; what is not text is named, not sent. */
export const userTexts = (message: Prompt.UserMessage): ReadonlyArray<string> =>
  message.content.map((part) => part.type === "text" ? part.text : `[a file of type ${part.mediaType} was left out]`)

/** The system messages that open the prompt, and the rest. */
export const splitSystem = (prompt: Prompt.Prompt) => {
  const first = prompt.content.findIndex((message) => message.role !== "system")
  const cut = first === -1 ? prompt.content.length : first
  return {
    system: prompt.content.slice(0, cut).map((message) => message.content as string).filter((text) => text !== ""),
    rest: prompt.content.slice(cut)
  }
}

/** The ids of all calls so far: a provider that numbers its calls anew each turn gets other ones. */
export const callIds = (prompt: Prompt.Prompt): ReadonlyArray<string> =>
  prompt.content.flatMap((message) =>
    message.role === "assistant" ? message.content.flatMap((part) => part.type === "tool-call" ? [part.id] : []) : []
  )

/** A tool as its provider is told of it. */
export interface WireTool {
  readonly name: string
  readonly description: string
  readonly parameters: unknown
}

export const wireTools = (options: LanguageModel.ProviderOptions): ReadonlyArray<WireTool> =>
  options.tools.map((tool) => ({
    name: tool.name,
    description: tool.description ?? "",
    parameters: Tool.getJsonSchema(tool as Tool.Tool<string, any>)
  }))

/** The choice among the tools: a mode, or the one tool that must be called. */
export const choiceOf = (
  options: LanguageModel.ProviderOptions
): { readonly mode: "auto" | "none" | "required" } | { readonly tool: string } => {
  const choice = options.toolChoice
  if (typeof choice === "string") return { mode: choice }
  return "tool" in choice ? { tool: choice.tool } : { mode: choice.mode ?? "auto" }
}
