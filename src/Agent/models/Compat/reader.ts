import type * as Response from "@effect/ai/Response"
import type { Reader } from "../Dialect.ts"
import { at, list, number, record, text } from "../json.ts"
import type { PartWriter } from "../parts.ts"

const reasons: Readonly<Record<string, Response.FinishReason>> = {
  stop: "stop",
  eos: "stop",
  length: "length",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
  content_filter: "content-filter"
}

const contentOf = (content: unknown): string | undefined =>
  text(content) ?? list(content).map((part) => text(at(part, "text")) ?? "").join("")

/** Reads the chunks of a chat completion as many servers speak it: no usage, no ids, no index, arguments as an object. */
export const reader = (writer: PartWriter): Reader => {
  let reason: Response.FinishReason | undefined
  let usage: unknown
  let announced = false
  let open: { readonly kind: "text" | "reasoning"; readonly key: string } | undefined
  let blocks = 0
  const calls: Array<{ readonly key: string; readonly index: number | undefined; readonly id: string | undefined }> = []

  const say = (kind: "text" | "reasoning", delta: string | undefined, field?: string) => {
    if (delta === undefined || delta === "") return
    if (open?.kind !== kind) {
      writer.endAll()
      open = { kind, key: String(blocks++) }
      writer.start(kind, open.key, field === undefined ? {} : { compat: { field } })
    }
    writer.delta(kind, open.key, delta)
  }
  const call = (value: unknown) => {
    const index = number(at(value, "index"))
    const id = text(at(value, "id")) || undefined
    const made = at(value, "function")
    const name = text(at(made, "name")) || undefined
    const args = at(made, "arguments")
    // A delta goes on with a call when it has its index, or its id, or nothing that names another one.
    const goesOn = (known: (typeof calls)[number]) =>
      index === undefined ? id === undefined ? name === undefined : known.id === id : known.index === index &&
        (id === undefined || known.id === undefined || known.id === id || name === undefined)
    const key = calls.findLast(goesOn)?.key ?? `call:${calls.length}`
    if (!writer.hasCall(key)) {
      writer.endAll()
      open = undefined
      calls.push({ key, index, id })
      writer.call(key, id, name)
    }
    if (typeof args === "object" && args !== null) writer.argsWhole(key, JSON.stringify(args))
    else writer.args(key, text(args))
  }
  const finish = () => {
    const [input, output] = [number(at(usage, "prompt_tokens")), number(at(usage, "completion_tokens"))]
    writer.finish(reason ?? "unknown", {
      inputTokens: input,
      outputTokens: output,
      totalTokens: number(at(usage, "total_tokens")),
      cachedInputTokens: number(at(usage, "prompt_tokens_details", "cached_tokens")),
      reasoningTokens: number(at(usage, "completion_tokens_details", "reasoning_tokens"))
    })
  }
  return {
    onEvent: (data, { data: source }) => {
      if (source === "[DONE]") return finish()
      const chunk = record(data)
      if (chunk === undefined) return
      if (chunk.error !== undefined && chunk.error !== null) {
        const code = at(chunk.error, "code") ?? at(chunk.error, "type") ?? "error"
        return writer.error(String(code), text(at(chunk.error, "message")) ?? text(chunk.error) ?? "")
      }
      if (!announced) writer.response(text(chunk.id), text(chunk.model))
      announced = true
      if (record(chunk.usage) !== undefined) usage = chunk.usage
      const choice = list(chunk.choices)[0]
      const delta = at(choice, "delta") ?? at(choice, "message")
      const thought = text(at(delta, "reasoning_content"))
      say("reasoning", thought ?? text(at(delta, "reasoning")), thought === undefined ? undefined : "reasoning_content")
      say("text", contentOf(at(delta, "content")))
      for (const value of list(at(delta, "tool_calls"))) call(value)
      const stop = text(at(choice, "finish_reason"))
      if (stop) reason = reasons[stop] ?? "other"
    },
    // Small servers close without [DONE]; the reason to finish is their word that they had.
    onEnd: () => reason === undefined ? undefined : finish()
  }
}
