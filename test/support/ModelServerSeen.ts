import type { Dialect, Seen, SeenResult } from "./ModelServerScript.ts"

type Facts = Pick<Seen, "system" | "tools" | "user" | "results">

const textOf = (content: any): string =>
  typeof content === "string" ? content : (content ?? []).map((part: any) => part.text ?? "").join("\n")

const marked = (id: string, text: string): SeenResult => ({ id, text, failed: text.startsWith("ERROR: ") })

/** Everything after the last item for which `own` holds. */
const after = (items: ReadonlyArray<any>, own: (item: any) => boolean) => items.slice(items.findLastIndex(own) + 1)

const openai = (body: any): Facts => ({
  system: body.instructions ?? "",
  tools: (body.tools ?? []).map((tool: any) => tool.name),
  user: body.input.filter((item: any) => item.role === "user").map((item: any) => textOf(item.content)),
  results: after(body.input, (item) => item.type === "function_call" || item.role === "assistant")
    .filter((item) => item.type === "function_call_output")
    .map((item) => marked(item.call_id, item.output))
})

const anthropic = (body: any): Facts => {
  const blocks = (messages: ReadonlyArray<any>) =>
    messages.filter((message) => message.role === "user").flatMap((message) =>
      typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content
    )
  return {
    system: textOf(body.system),
    tools: (body.tools ?? []).map((tool: any) => tool.name),
    user: blocks(body.messages).filter((block) => block.type === "text").map((block) => block.text),
    results: blocks(after(body.messages, (message) => message.role === "assistant"))
      .filter((block) => block.type === "tool_result")
      .map((block) => ({ id: block.tool_use_id, text: textOf(block.content), failed: block.is_error === true }))
  }
}

const compat = (body: any): Facts => ({
  system: body.messages.filter((message: any) => message.role === "system").map((message: any) => message.content)
    .join("\n"),
  tools: (body.tools ?? []).map((tool: any) => tool.function.name),
  user: body.messages.filter((message: any) => message.role === "user").map((message: any) => textOf(message.content)),
  results: after(body.messages, (message) => message.role === "assistant")
    .filter((message) => message.role === "tool")
    .map((message) => marked(message.tool_call_id, message.content))
})

/** What a request says, in one form for all dialects. */
export const factsOf = (dialect: Dialect, body: any): Facts => {
  if (dialect === "openai") return openai(body)
  return dialect === "anthropic" ? anthropic(body) : compat(body)
}
