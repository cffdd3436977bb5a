import type * as Response from "@effect/ai/Response"
import type { Reader } from "../Dialect.ts"
import { at, number, record, text } from "../json.ts"
import type { PartWriter } from "../parts.ts"

const reasons: Readonly<Record<string, Response.FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  tool_use: "tool-calls",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  pause_turn: "pause",
  refusal: "content-filter"
}

/** Reads the events of the Messages API; what it does not know it skips. */
export const reader = (writer: PartWriter): Reader => {
  const usage: Record<string, number | undefined> = {}
  const signatures = new Map<string, string>()
  let stop: string | undefined

  const count = (value: unknown) => {
    for (const [name, tokens] of Object.entries(record(value) ?? {})) usage[name] = number(tokens) ?? usage[name]
  }
  const start = (key: string, block: unknown) => {
    switch (at(block, "type")) {
      case "text":
        return writer.delta("text", key, text(at(block, "text")))
      case "thinking": {
        writer.start("reasoning", key)
        signatures.set(key, text(at(block, "signature")) ?? "")
        return writer.delta("reasoning", key, text(at(block, "thinking")))
      }
      case "redacted_thinking":
        return writer.start("reasoning", key, {
          anthropic: { type: "redacted_thinking", redactedData: at(block, "data") }
        })
      case "tool_use": {
        writer.call(key, text(at(block, "id")), text(at(block, "name")))
        const input = record(at(block, "input"))
        if (input !== undefined && Object.keys(input).length > 0) writer.argsWhole(key, JSON.stringify(input))
      }
    }
  }
  const end = (key: string) => {
    const signature = signatures.get(key)
    writer.end(key, signature ? { anthropic: { type: "thinking", signature } } : {})
  }
  const finish = () => {
    const { cache_creation_input_tokens, cache_read_input_tokens, input_tokens, output_tokens } = usage
    const all = [input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens]
    writer.finish(reasons[stop ?? "end_turn"] ?? "other", {
      inputTokens: input_tokens,
      outputTokens: output_tokens,
      totalTokens: all.reduce<number>((sum, tokens) => sum + (tokens ?? 0), 0),
      cachedInputTokens: cache_read_input_tokens
    }, { anthropic: { usage: { cache_creation_input_tokens, cache_read_input_tokens } } })
  }
  return {
    onEvent: (data) => {
      const event = record(data)
      if (event === undefined) return
      const key = String(number(event.index) ?? 0)
      const delta = event.delta
      switch (event.type) {
        case "message_start":
          count(at(event.message, "usage"))
          return writer.response(text(at(event.message, "id")), text(at(event.message, "model")))
        case "ping":
          return writer.alive()
        case "content_block_start":
          return start(key, event.content_block)
        case "content_block_delta":
          writer.delta("text", key, text(at(delta, "text")))
          writer.delta("reasoning", key, text(at(delta, "thinking")))
          writer.args(key, text(at(delta, "partial_json")))
          if (at(delta, "type") === "signature_delta") {
            signatures.set(key, (signatures.get(key) ?? "") + (text(at(delta, "signature")) ?? ""))
          }
          return
        case "content_block_stop":
          return end(key)
        case "message_delta":
          count(event.usage)
          stop = text(at(delta, "stop_reason")) ?? stop
          return
        case "message_stop":
          return finish()
        case "error":
          return writer.error(text(at(event.error, "type")) ?? "error", text(at(event.error, "message")) ?? "")
      }
    },
    // The reason to stop is the server's word that it had finished; only the closing event is missing.
    onEnd: () => stop === undefined ? undefined : finish()
  }
}
