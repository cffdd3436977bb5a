import type * as Response from "@effect/ai/Response"
import * as Tool from "@effect/ai/Tool"
import { randomUUID } from "node:crypto"
import { record } from "./json.ts"

export type Part = Response.StreamPartEncoded
export type Metadata = Response.ProviderMetadata

/** The name under which a call comes that no tool can take: `tools.ts` declares it, a provider is never told of it. */
export const invalidCall = "invalid_call"

/** What was wrong with a call, and what the model wrote. `arguments` is the raw text, capped. */
export interface InvalidCall {
  readonly name: string
  readonly arguments: string
  readonly reason: string
}

const caps = { calls: 128, name: 128, arguments: 4_096, id: 64 }

interface Call {
  readonly id: string
  readonly name: string
  args: string
}

/** Collects what a provider streams as parts: text as it comes, calls only with `finish`, when the server said it had finished. */
export class PartWriter {
  private out: Array<Part> = []
  private readonly open = new Map<string, "text" | "reasoning">()
  private readonly calls = new Map<string, Call>()
  private readonly tools: ReadonlySet<string>
  private readonly ids: Set<string>
  /** The stream is over: finished, or failed with an error part. */
  done = false

  constructor(tools: ReadonlySet<string>, takenIds: Iterable<string> = []) {
    this.tools = tools
    this.ids = new Set(takenIds)
  }

  /** What was written since the last time. */
  take(): ReadonlyArray<Part> {
    const out = this.out
    this.out = []
    return out
  }

  response(id: string | undefined, modelId: string | undefined): void {
    this.out.push({ type: "response-metadata", id, modelId })
  }

  /** The server lives but has nothing to say yet: keeps an idle timer from firing. */
  alive(): void {
    this.out.push({ type: "response-metadata" })
  }

  start(kind: "text" | "reasoning", key: string, metadata: Metadata = {}): void {
    if (this.open.has(key)) return
    this.open.set(key, kind)
    this.out.push({ type: `${kind}-start`, id: key, metadata })
  }

  delta(kind: "text" | "reasoning", key: string, delta: string | undefined): void {
    if (delta === undefined || delta === "") return
    this.start(kind, key)
    this.out.push({ type: `${this.open.get(key)!}-delta`, id: key, delta })
  }

  end(key: string, metadata: Metadata = {}): void {
    const kind = this.open.get(key)
    if (kind === undefined) return
    this.open.delete(key)
    this.out.push({ type: `${kind}-end`, id: key, metadata })
  }

  endAll(): void {
    for (const key of [...this.open.keys()]) this.end(key)
  }

  hasCall(key: string): boolean {
    return this.calls.has(key)
  }

  /** Begins a call. An id that is missing, too long or taken is replaced, so that every call can be answered on its own. */
  call(key: string, id: string | undefined, name: string | undefined): void {
    if (this.calls.has(key)) return
    if (this.calls.size >= caps.calls) {
      return this.error("too_many_calls", `more than ${caps.calls} calls in one answer`)
    }
    const fit = id !== undefined && id !== "" && id.length <= caps.id && !this.ids.has(id)
    const call = { id: fit ? id : `call_${randomUUID().replaceAll("-", "")}`, name: name ?? "", args: "" }
    this.ids.add(call.id)
    this.calls.set(key, call)
    this.out.push({ type: "tool-params-start", id: call.id, name: call.name.slice(0, caps.name) })
  }

  args(key: string, delta: string | undefined): void {
    const call = this.calls.get(key)
    if (call === undefined || delta === undefined || delta === "") return
    call.args += delta
    this.out.push({ type: "tool-params-delta", id: call.id, delta })
  }

  /** The whole argument text, in place of whatever deltas came. */
  argsWhole(key: string, args: string | undefined): void {
    const call = this.calls.get(key)
    if (call === undefined || args === undefined || args === call.args) return
    if (call.args === "") return this.args(key, args)
    call.args = args
  }

  /** An error told inside the stream ends it. `message` must be free of keys. */
  error(code: string, message: string): void {
    if (this.done) return
    this.done = true
    this.out.push({ type: "error", error: { code, message } })
  }

  /** The server said it had finished. */
  finish(reason: Response.FinishReason, usage: typeof Response.Usage.Encoded, metadata: Metadata = {}): void {
    if (this.done) return
    this.endAll()
    for (const call of this.calls.values()) {
      this.out.push({ type: "tool-params-end", id: call.id }, {
        type: "tool-call",
        id: call.id,
        ...this.settle(call, reason)
      })
    }
    this.done = true
    const called = this.calls.size > 0 && reason === "stop"
    this.out.push({ type: "finish", reason: called ? "tool-calls" : reason, usage, metadata })
  }

  private settle(call: Call, finish: Response.FinishReason): { readonly name: string; readonly params: unknown } {
    const invalid = (reason: string) => {
      const params: InvalidCall = {
        name: call.name.slice(0, caps.name),
        arguments: call.args.slice(0, caps.arguments),
        reason
      }
      return { name: invalidCall, params }
    }
    const args = readArguments(call.args)
    if (!this.tools.has(call.name)) return invalid("there is no tool of this name")
    if (typeof args !== "string") return { name: call.name, params: args }
    return invalid(finish === "length" ? "the answer was cut at the limit of output tokens; do less in one call" : args)
  }
}

/** The arguments as an object, or what is wrong with them. No text at all is no arguments. */
export const readArguments = (source: string): object | string => {
  if (source.trim() === "") return {}
  try {
    return record(Tool.unsafeSecureJsonParse(source)) ?? "the arguments are not a JSON object"
  } catch {
    return "the arguments are not valid JSON"
  }
}
