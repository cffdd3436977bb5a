import * as AiError from "@effect/ai/AiError"
import type * as Response from "@effect/ai/Response"
import { Effect } from "effect"
import { at, text } from "./json.ts"
import type { Part } from "./parts.ts"

/** A streamed answer as the parts of a whole one, for `generateText`. */
export const collect =
  (module: string) => (parts: Iterable<Part>): Effect.Effect<Array<Response.PartEncoded>, AiError.AiError> => {
    const out: Array<Response.PartEncoded> = []
    const open = new Map<string, { type: "text" | "reasoning"; text: string; metadata: Response.ProviderMetadata }>()
    const fail = (description: string) => new AiError.UnknownError({ module, method: "generateText", description })
    let finished = false
    for (const part of parts) {
      if (part.type === "error") return fail(`${text(at(part.error, "code"))}: ${text(at(part.error, "message"))}`)
      if (part.type === "text-start" || part.type === "reasoning-start") {
        const type = part.type === "text-start" ? "text" as const : "reasoning" as const
        const whole = { type, text: "", metadata: { ...part.metadata } }
        open.set(part.id, whole)
        out.push(whole)
      } else if (part.type === "text-delta" || part.type === "reasoning-delta") {
        const whole = open.get(part.id)
        if (whole !== undefined) whole.text += part.delta
      } else if (part.type === "text-end" || part.type === "reasoning-end") {
        const whole = open.get(part.id)
        if (whole !== undefined) whole.metadata = { ...whole.metadata, ...part.metadata }
      } else if (part.type === "tool-call" || part.type === "finish") {
        finished ||= part.type === "finish"
        out.push(part)
      }
    }
    return finished ? Effect.succeed(out) : fail("the answer ended before it was finished")
  }
