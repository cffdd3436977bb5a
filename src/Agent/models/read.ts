import type * as AiError from "@effect/ai/AiError"
import { Chunk, Effect, Option, Stream } from "effect"
import type { Reader } from "./Dialect.ts"
import { parse, record, text } from "./json.ts"
import type { Part, PartWriter } from "./parts.ts"
import { makeDecoder, type SseEvent } from "./sse.ts"
import type { WireErrors } from "./wireErrors.ts"

/** The parts of an answer streamed as server-sent events. It is over with the server's last word, not when the socket closes. */
export const readStream = (
  body: AsyncIterable<Uint8Array>,
  writer: PartWriter,
  reader: Reader,
  errors: WireErrors
): Stream.Stream<Part, AiError.AiError> => {
  const decoder = makeDecoder()
  const source = body[Symbol.asyncIterator]()
  let ended = false
  const next = Effect.tryPromise({
    try: async () => {
      const read = await source.next()
      ended = read.done === true
      const found = read.done ? decoder.end() : decoder.push(read.value)
      return Chunk.unsafeFromArray([...readEvents(writer, reader, errors.scrub, found, ended)])
    },
    catch: (cause) => Option.some(errors.reading(cause))
  })
  return Stream.repeatEffectChunkOption(
    Effect.suspend(() => writer.done || ended ? Effect.fail(Option.none<AiError.AiError>()) : next)
  )
}

/** Feeds events to the reader. An error the stream tells is scrubbed here, so that no dialect can forget to. */
export const readEvents = (
  writer: PartWriter,
  reader: Reader,
  scrub: (text: string) => string,
  found: ReadonlyArray<SseEvent>,
  ended: boolean
): ReadonlyArray<Part> => {
  for (const event of found) {
    if (writer.done) break
    if (event.event === ":") {
      writer.alive()
      continue
    }
    const data = parse(event.data)
    if (data !== undefined || event.data === "[DONE]") reader.onEvent(data, event)
    // The torn last event of a server that closed early is not malformed: the answer is truncated, and found to be.
    else if (!ended) writer.error("malformed_event", "the server sent an event that is not JSON")
  }
  if (ended && !writer.done) reader.onEnd()
  return writer.take().map((part) => {
    if (part.type !== "error") return part
    const error = record(part.error)
    return {
      type: "error",
      error: { code: scrub(text(error?.code) ?? ""), message: scrub(text(error?.message) ?? "") }
    }
  })
}

/** The text of a body up to a size; of one that breaks off, what had come. */
export const readText = async (body: AsyncIterable<Uint8Array>, most: number): Promise<string> => {
  const decoder = new TextDecoder()
  let out = ""
  try {
    for await (const bytes of body) {
      out += decoder.decode(bytes, { stream: true })
      if (out.length >= most) break
    }
  } catch {
    return out
  }
  return out
}
