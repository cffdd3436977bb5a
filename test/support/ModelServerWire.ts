import { callOf, type Dialect, pieces, type Tokens, type Turn } from "./ModelServerScript.ts"

/** An answer as server-sent events: `head` says everything, `tail` says that it is finished. */
export interface Encoded {
  readonly head: string
  readonly tail: string
}

const sse = (data: unknown, event?: string) =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

const defaults: Tokens = { input: 100, output: 20 }

const openai = (turn: Turn, index: number): Encoded => {
  let sequence = 0
  const emit = (type: string, fields: object) => sse({ type, sequence_number: sequence++, ...fields }, type)
  const response = {
    id: `resp_${index}`,
    object: "response",
    created_at: 1,
    model: "test-model",
    status: "in_progress"
  }
  const output: Array<object> = []
  const out = [emit("response.created", { response }), emit("response.in_progress", { response })]
  for (const [n, say] of (turn.say ?? []).entries()) {
    const made = callOf(say)
    const at = { output_index: n }
    if (made !== undefined) {
      const id = `fc_${index}_${n}`
      const item = {
        type: "function_call",
        id,
        call_id: made.id ?? `call_${index}_${n}`,
        name: made.name,
        arguments: "",
        status: "in_progress"
      }
      out.push(emit("response.output_item.added", { ...at, item }))
      for (const delta of pieces(made.arguments)) {
        out.push(emit("response.function_call_arguments.delta", { ...at, item_id: id, delta }))
      }
      out.push(emit("response.function_call_arguments.done", { ...at, item_id: id, arguments: made.arguments }))
      const done = { ...item, arguments: made.arguments, status: "completed" }
      output.push(done)
      out.push(emit("response.output_item.done", { ...at, item: done }))
    } else if ("reasoning" in say) {
      const item = { type: "reasoning", id: `rs_${index}_${n}`, summary: [] as Array<object>, encrypted_content: "" }
      out.push(emit("response.output_item.added", { ...at, item }))
      for (const delta of pieces(say.reasoning)) {
        out.push(emit("response.reasoning_summary_text.delta", { ...at, item_id: item.id, summary_index: 0, delta }))
      }
      const summary = say.reasoning === "" ? [] : [{ type: "summary_text", text: say.reasoning }]
      const done = { ...item, summary, encrypted_content: `sealed_${index}_${n}` }
      output.push(done)
      out.push(emit("response.output_item.done", { ...at, item: done }))
    } else if ("text" in say) {
      const item = { type: "message", id: `msg_${index}_${n}`, role: "assistant", content: [] as Array<object> }
      out.push(emit("response.output_item.added", { ...at, item }))
      for (const delta of pieces(say.text)) {
        out.push(emit("response.output_text.delta", { ...at, item_id: item.id, content_index: 0, delta }))
      }
      const done = { ...item, content: [{ type: "output_text", text: say.text, annotations: [] }] }
      output.push(done)
      out.push(emit("response.output_item.done", { ...at, item: done }))
    }
  }
  const { cached = 0, input, output: used, written = 0 } = turn.tokens ?? defaults
  const all = input + cached + written
  const usage = {
    input_tokens: all,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: used,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: all + used
  }
  const failed = turn.fault !== undefined && "failed" in turn.fault ? turn.fault.failed : undefined
  const end = failed !== undefined
    ? emit("response.failed", { response: { ...response, status: "failed", error: failed } })
    : turn.finish === "length"
    ? emit("response.incomplete", {
      response: {
        ...response,
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        output,
        usage
      }
    })
    : emit("response.completed", { response: { ...response, status: "completed", output, usage } })
  return { head: out.join(""), tail: end }
}

const anthropic = (turn: Turn, index: number): Encoded => {
  const emit = (type: string, fields: object) => sse({ type, ...fields }, type)
  const { cached = 0, input, output, written = 0 } = turn.tokens ?? defaults
  const usage = { input_tokens: input, cache_read_input_tokens: cached, cache_creation_input_tokens: written }
  const message = { id: `msg_${index}`, type: "message", role: "assistant", model: "test-model", content: [] }
  const out = [
    emit("message_start", { message: { ...message, usage: { ...usage, output_tokens: 1 } } }),
    emit("ping", {})
  ]
  let calls = 0
  for (const [n, say] of (turn.say ?? []).entries()) {
    const block = (content_block: object, deltas: ReadonlyArray<object>) =>
      out.push(
        emit("content_block_start", { index: n, content_block }),
        ...deltas.map((delta) => emit("content_block_delta", { index: n, delta })),
        emit("content_block_stop", { index: n })
      )
    const made = callOf(say)
    if (made !== undefined) {
      calls++
      const id = made.id ?? `toolu_${index}_${n}`
      block(
        { type: "tool_use", id, name: made.name, input: {} },
        ["", ...pieces(made.arguments)].map((partial_json) => ({ type: "input_json_delta", partial_json }))
      )
    } else if ("reasoning" in say && say.reasoning === "") {
      block({ type: "redacted_thinking", data: `sealed_${index}_${n}` }, [])
    } else if ("reasoning" in say) {
      block({ type: "thinking", thinking: "", signature: "" }, [
        ...pieces(say.reasoning).map((thinking) => ({ type: "thinking_delta", thinking })),
        { type: "signature_delta", signature: `signed_${index}_${n}` }
      ])
    } else if ("text" in say) {
      block({ type: "text", text: "" }, pieces(say.text).map((text) => ({ type: "text_delta", text })))
    }
  }
  const stop_reason = turn.finish === "length" ? "max_tokens" : calls > 0 ? "tool_use" : "end_turn"
  const failed = turn.fault !== undefined && "failed" in turn.fault ? turn.fault.failed : undefined
  return {
    head: out.join(""),
    tail: failed !== undefined
      ? errorEvent("anthropic", failed)
      : emit("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: output } }) +
        emit("message_stop", {})
  }
}

/** `lean` is a small local server: no usage, no ids, no index, arguments as an object, no [DONE]. */
const compat = (turn: Turn, index: number, lean: boolean): Encoded => {
  const base = lean
    ? { model: "llama3.2" }
    : { id: `chat_${index}`, object: "chat.completion.chunk", model: "llama3.2" }
  const chunk = (delta: object, finish_reason: string | null = null) =>
    sse({ ...base, choices: [{ index: 0, delta, finish_reason }] })
  const out = [chunk({ role: "assistant", content: "" })]
  let calls = 0
  for (const [n, say] of (turn.say ?? []).entries()) {
    const made = callOf(say)
    if (made === undefined) {
      if ("reasoning" in say) {
        const field = lean ? "reasoning" : "reasoning_content"
        out.push(...pieces(say.reasoning).map((delta) => chunk({ [field]: delta })))
      } else if ("text" in say) {
        out.push(...pieces(say.text).map((content) => chunk({ content })))
      }
      continue
    }
    const at = calls++
    if (lean) {
      const args = "call" in say ? say.call.args : made.arguments
      out.push(chunk({ tool_calls: [{ function: { name: made.name, arguments: args } }] }))
      continue
    }
    const id = made.id ?? `call_${index}_${n}`
    out.push(chunk({ tool_calls: [{ index: at, id, type: "function", function: { name: made.name, arguments: "" } }] }))
    for (const delta of pieces(made.arguments)) {
      out.push(chunk({ tool_calls: [{ index: at, function: { arguments: delta } }] }))
    }
  }
  const failed = turn.fault !== undefined && "failed" in turn.fault ? turn.fault.failed : undefined
  if (failed !== undefined) return { head: out.join(""), tail: errorEvent("compat", failed) }
  const end = chunk({}, turn.finish ?? (calls > 0 ? "tool_calls" : "stop"))
  if (lean) return { head: out.join(""), tail: end }
  const { cached = 0, input, output, written = 0 } = turn.tokens ?? defaults
  const usage = {
    prompt_tokens: input + cached + written,
    completion_tokens: output,
    total_tokens: input + cached + written + output,
    prompt_tokens_details: { cached_tokens: cached }
  }
  return { head: out.join(""), tail: end + sse({ ...base, choices: [], usage }) + sse("[DONE]") }
}

/** The whole answer of one turn. */
export const encode = (dialect: Dialect, turn: Turn, index: number, lean: boolean): Encoded => {
  if (dialect === "openai") return openai(turn, index)
  return dialect === "anthropic" ? anthropic(turn, index) : compat(turn, index, lean)
}

/** An error told inside the stream. */
export const errorEvent = (dialect: Dialect, error: { readonly code: string; readonly message: string }): string => {
  if (dialect === "openai") return sse({ type: "error", ...error, param: null }, "error")
  if (dialect === "anthropic") {
    return sse({ type: "error", error: { type: error.code, message: error.message } }, "error")
  }
  return sse({ error: { code: error.code, type: error.code, message: error.message } })
}

/** The body of an HTTP error. */
export const errorBody = (dialect: Dialect, code: string, message: string): string =>
  JSON.stringify(
    dialect === "anthropic"
      ? { type: "error", error: { type: code, message } }
      : { error: { message, type: code, code, param: null } }
  )
