import * as Prompt from "@effect/ai/Prompt"
import type * as Response from "@effect/ai/Response"

type Metadata = Response.ProviderMetadata

/** The answer to one call: `name` is the wire name of the call's part, `text` what the model is told. */
export interface ToolAnswer {
  readonly id: string
  readonly name: string
  readonly failed: boolean
  readonly text: string
}

/**
 * The model's own turn, for the next prompt. Unlike `Prompt.fromResponseParts` it keeps what providers want back untouched
 * (thinking signatures, sealed reasoning) and the order in which text, reasoning and calls began.
 */
export const assistantMessage = (parts: Iterable<Response.StreamPart<any>>): Prompt.AssistantMessage => {
  const slots = new Map<string, { part?: Prompt.AssistantMessagePart; text: string; metadata: Metadata }>()
  const slot = (key: string) => {
    const known = slots.get(key) ?? { text: "", metadata: {} }
    slots.set(key, known)
    return known
  }
  for (const part of parts) {
    switch (part.type) {
      case "text-start":
      case "reasoning-start":
      case "text-delta":
      case "reasoning-delta":
      case "text-end":
      case "reasoning-end": {
        const type = part.type.startsWith("text") ? "text" : "reasoning"
        const open = slot(`${type}:${part.id}`)
        open.metadata = merge(open.metadata, part.metadata)
        if ("delta" in part) open.text += part.delta
        open.part = Prompt.makePart(type, { text: open.text, options: open.metadata })
        break
      }
      case "tool-params-start":
        slot(`call:${part.id}`)
        break
      case "tool-call":
        slot(`call:${part.id}`).part = Prompt.makePart("tool-call", {
          id: part.id,
          name: part.name,
          params: part.params,
          providerExecuted: part.providerExecuted,
          options: part.metadata
        })
    }
  }
  return Prompt.makeMessage("assistant", {
    content: [...slots.values()].flatMap(({ part }) => part === undefined ? [] : [part])
  })
}

/** The answers to the calls of a turn; providers want one for each, in one message. */
export const toolMessage = (answers: ReadonlyArray<ToolAnswer>): Prompt.ToolMessage =>
  Prompt.makeMessage("tool", {
    content: answers.map(({ failed, id, name, text }) =>
      Prompt.makePart("tool-result", { id, name, isFailure: failed, result: text, providerExecuted: false })
    )
  })

const merge = (a: Metadata, b: Metadata): Metadata => {
  const out: Record<string, Metadata[string]> = { ...a }
  for (const [provider, fields] of Object.entries(b)) {
    if (fields !== undefined) out[provider] = { ...out[provider], ...fields }
  }
  return out
}
