import * as Prompt from "@effect/ai/Prompt"
import { capMiddle } from "../internal/text.ts"

const bytesPerToken = 4
const keptTurns = 6
const elidedResultBytes = 200

/** Tokens a conversation is likely to cost: a quarter of its bytes as JSON, which errs on the high side for code. */
export const estimate = (messages: ReadonlyArray<Prompt.Message>): number =>
  Math.ceil(
    messages.reduce((sum, message) => sum + Buffer.byteLength(JSON.stringify(message.content)), 0) / bytesPerToken
  )

/** A turn is an assistant message and the tool or user messages that answer it: never split, since providers refuse a call without its result. */
const turnsOf = (messages: ReadonlyArray<Prompt.Message>): Array<Array<Prompt.Message>> => {
  const turns: Array<Array<Prompt.Message>> = []
  for (const message of messages) {
    if (message.role === "assistant" || turns.length === 0) turns.push([message])
    else turns[turns.length - 1]!.push(message)
  }
  return turns
}

const elide = (message: Prompt.Message): Prompt.Message =>
  message.role !== "tool" ? message : Prompt.makeMessage("tool", {
    content: message.content.map((part) =>
      typeof part.result === "string" && part.result.length > 2 * elidedResultBytes
        ? Prompt.makePart("tool-result", { ...part, result: capMiddle(part.result, elidedResultBytes) })
        : part
    )
  })

/**
 * Brings a conversation under `budget` tokens. The head (system prompt and task) always stays; first the results of old calls are cut,
 * then the oldest turns are replaced by `standing`: the phase, the files and the last verdict.
 */
export const compact = (
  head: ReadonlyArray<Prompt.Message>,
  messages: ReadonlyArray<Prompt.Message>,
  options: { readonly budget: number; readonly standing: string }
): { readonly messages: ReadonlyArray<Prompt.Message>; readonly dropped: number } => {
  const fits = (rest: ReadonlyArray<Prompt.Message>) => estimate([...head, ...rest]) <= options.budget
  if (fits(messages)) return { messages, dropped: 0 }
  const turns = turnsOf(messages)
  const recent = turns.slice(-keptTurns)
  const old = turns.slice(0, -keptTurns).map((turn) => turn.map(elide))
  const elided = [...old, ...recent].flat()
  if (fits(elided)) return { messages: elided, dropped: 0 }
  const note = Prompt.makeMessage("user", {
    content: [Prompt.makePart("text", { text: `[Earlier turns were dropped to save room.]\n${options.standing}` })]
  })
  const all = [...old, ...recent]
  for (let dropped = 1; dropped < all.length; dropped++) {
    const rest = [note, ...all.slice(dropped).flat()]
    if (fits(rest) || dropped === all.length - 1) {
      return { messages: fits(rest) ? rest : rest.map(elide), dropped }
    }
  }
  return { messages: elided.map(elide), dropped: 0 }
}
