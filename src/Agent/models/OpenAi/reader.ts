import type * as Response from "@effect/ai/Response"
import type { Reader } from "../Dialect.ts"
import { at, list, number, record, text } from "../json.ts"
import type { PartWriter } from "../parts.ts"

/** Reads the events of the Responses API; what it does not know it skips. */
export const reader = (writer: PartWriter): Reader => {
  const item = (value: unknown, key: string, done: boolean) => {
    const type = text(at(value, "type"))
    if (type === "function_call") {
      writer.call(key, text(at(value, "call_id")) ?? text(at(value, "id")), text(at(value, "name")))
      if (done) writer.argsWhole(key, text(at(value, "arguments")))
    } else if (type === "reasoning") {
      writer.start("reasoning", key)
      if (done) writer.end(key, { openai: { itemId: at(value, "id"), encryptedContent: at(value, "encrypted_content") } })
    } else if (type === "message" && done) {
      writer.end(key)
    }
  }
  const seen = new Set<string>()
  const close = (response: unknown, reason: Response.FinishReason) => {
    // A lean server may send no item events: what the last event lists and was not streamed counts too.
    for (const [index, value] of list(at(response, "output")).entries()) {
      const key = String(index)
      if (seen.has(key)) continue
      for (const content of list(at(value, "content"))) writer.delta("text", key, text(at(content, "text")))
      item(value, key, true)
    }
    writer.finish(reason, usageOf(at(response, "usage")))
  }
  return {
    onEvent: (data) => {
      const event = record(data)
      if (event === undefined) return
      const key = String(number(event.output_index) ?? text(event.item_id) ?? 0)
      const error = record(event.error) ?? record(at(event.response, "error")) ?? event
      const delta = text(event.delta)
      switch (event.type) {
        case "response.created":
          return writer.response(text(at(event.response, "id")), text(at(event.response, "model")))
        case "response.in_progress":
        case "keepalive":
          return writer.alive()
        case "response.output_item.added":
        case "response.output_item.done":
          seen.add(key)
          return item(event.item, key, event.type === "response.output_item.done")
        case "response.output_text.delta":
        case "response.refusal.delta":
          seen.add(key)
          return writer.delta("text", key, delta)
        case "response.reasoning_summary_part.added":
          return (number(event.summary_index) ?? 0) > 0 ? writer.delta("reasoning", key, "\n\n") : undefined
        case "response.reasoning_summary_text.delta":
        case "response.reasoning_text.delta":
          return writer.delta("reasoning", key, delta)
        case "response.function_call_arguments.delta":
          return writer.args(key, delta)
        case "response.function_call_arguments.done":
          return writer.argsWhole(key, text(event.arguments))
        case "response.completed":
          return close(event.response, "stop")
        case "response.incomplete": {
          const why = at(event.response, "incomplete_details", "reason")
          return close(event.response, why === "content_filter" ? "content-filter" : "length")
        }
        case "response.failed":
        case "response.cancelled":
        case "error":
          return writer.error(text(error.code) ?? text(error.type) ?? "failed", text(error.message) ?? "")
      }
    },
    onEnd: () => {}
  }
}

const usageOf = (usage: unknown): typeof Response.Usage.Encoded => ({
  inputTokens: number(at(usage, "input_tokens")),
  outputTokens: number(at(usage, "output_tokens")),
  totalTokens: number(at(usage, "total_tokens")),
  cachedInputTokens: number(at(usage, "input_tokens_details", "cached_tokens")),
  reasoningTokens: number(at(usage, "output_tokens_details", "reasoning_tokens"))
})
