import type * as Response from "@effect/ai/Response"
import type { Reader } from "../Dialect.ts"
import { at, type Json, list, number, record, text } from "../json.ts"
import type { PartWriter } from "../parts.ts"

/** Reads the events of the Responses API; what it does not know it skips. */
export const reader = (writer: PartWriter): Reader => {
  const seen = new Set<string>()
  const spoken = new Set<string>()
  const say = (key: string, delta: string | undefined) => {
    seen.add(key)
    spoken.add(key)
    writer.delta("text", key, delta)
  }
  const item = (value: unknown, key: string, done: boolean) => {
    seen.add(key)
    const type = text(at(value, "type"))
    if (type === "function_call") {
      writer.call(key, text(at(value, "call_id")) ?? text(at(value, "id")), text(at(value, "name")))
      if (done) writer.argsWhole(key, text(at(value, "arguments")))
    } else if (type === "reasoning") {
      writer.start("reasoning", key)
      if (done) {
        writer.end(key, { openai: { itemId: at(value, "id"), encryptedContent: at(value, "encrypted_content") } })
      }
    } else if (type === "message" && done) {
      if (!spoken.has(key)) { for (const content of list(at(value, "content"))) say(key, text(at(content, "text"))) }
      writer.end(key)
    }
  }
  const close = (response: unknown, reason: Response.FinishReason) => {
    // A lean server may send no item events: what the last event lists and was not streamed counts too.
    for (const [index, value] of list(at(response, "output")).entries()) {
      if (!seen.has(String(index))) item(value, String(index), true)
    }
    writer.finish(reason, usageOf(at(response, "usage")))
  }
  const failed = (event: Json) => {
    const error = record(event.error) ?? record(at(event.response, "error")) ?? event
    writer.error(text(error.code) ?? text(error.type) ?? "failed", text(error.message) ?? "")
  }
  const handlers: Readonly<Record<string, (event: Json, key: string, delta: string | undefined) => void>> = {
    "response.created": ({ response }) => writer.response(text(at(response, "id")), text(at(response, "model"))),
    "response.in_progress": () => writer.alive(),
    keepalive: () => writer.alive(),
    "response.output_item.added": (event, key) => item(event.item, key, false),
    "response.output_item.done": (event, key) => item(event.item, key, true),
    "response.output_text.delta": (_, key, delta) => say(key, delta),
    "response.refusal.delta": (_, key, delta) => say(key, delta),
    "response.reasoning_summary_part.added": (event, key) => {
      if ((number(event.summary_index) ?? 0) > 0) writer.delta("reasoning", key, "\n\n")
    },
    "response.reasoning_summary_text.delta": (_, key, delta) => writer.delta("reasoning", key, delta),
    "response.reasoning_text.delta": (_, key, delta) => writer.delta("reasoning", key, delta),
    "response.function_call_arguments.delta": (_, key, delta) => writer.args(key, delta),
    "response.function_call_arguments.done": (event, key) => writer.argsWhole(key, text(event.arguments)),
    "response.completed": ({ response }) => close(response, "stop"),
    "response.incomplete": ({ response }) =>
      close(response, at(response, "incomplete_details", "reason") === "content_filter" ? "content-filter" : "length"),
    "response.failed": failed,
    "response.cancelled": failed,
    error: failed
  }
  return {
    onEvent: (data) => {
      const event = record(data)
      const type = text(event?.type)
      if (event === undefined || type === undefined || !Object.hasOwn(handlers, type)) return
      handlers[type]?.(event, String(number(event.output_index) ?? text(event.item_id) ?? 0), text(event.delta))
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
