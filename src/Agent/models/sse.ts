/** One server-sent event. A comment (a keep-alive) comes as the event ":" without data. */
export interface SseEvent {
  readonly event: string
  readonly data: string
}

/** Most characters of one event, and of a whole answer. */
export const limits = { event: 4 * 1024 * 1024, total: 64 * 1024 * 1024 }

/** A server that sends more than any answer can need. */
export class TooLarge extends Error {}

/**
 * Decodes server-sent events (WHATWG HTML, 9.2.6) from bytes cut anywhere. Throws `TooLarge` past the limits.
 * `end` gives the last event of a server that closed without the blank line.
 */
export const makeDecoder = (caps = limits) => {
  const utf8 = new TextDecoder()
  let pending = ""
  let event = ""
  let data: Array<string> = []
  let size = 0
  let total = 0
  let afterCr = false

  const dispatch = (out: Array<SseEvent>) => {
    if (data.length > 0) out.push({ event, data: data.join("\n") })
    event = ""
    data = []
    size = 0
  }
  const line = (text: string, out: Array<SseEvent>) => {
    if (text === "") return dispatch(out)
    if (text.startsWith(":")) return void out.push({ event: ":", data: "" })
    const colon = text.indexOf(":")
    const field = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1)
    if (field === "event") event = value
    else if (field === "data") {
      size += value.length
      if (size > caps.event) throw new TooLarge()
      data.push(value)
    }
  }
  const take = (chunk: string): Array<SseEvent> => {
    total += chunk.length
    if (total > caps.total) throw new TooLarge()
    const out: Array<SseEvent> = []
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const code = chunk.charCodeAt(i)
      if (code === 10 && afterCr) {
        afterCr = false
        start = i + 1
        continue
      }
      afterCr = code === 13
      if (code !== 10 && code !== 13) continue
      line(pending + chunk.slice(start, i), out)
      pending = ""
      start = i + 1
    }
    pending += chunk.slice(start)
    if (pending.length + size > caps.event) throw new TooLarge()
    return out
  }
  return {
    push: (bytes: Uint8Array): ReadonlyArray<SseEvent> => take(utf8.decode(bytes, { stream: true })),
    end: (): ReadonlyArray<SseEvent> => {
      const out = take(`${utf8.decode()}\n`)
      dispatch(out)
      return out
    }
  }
}
