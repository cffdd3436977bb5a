import { Effect } from "effect"
import type { Socket } from "node:net"
import { escapeLine } from "../../internal/escape.ts"
import type { Refusal } from "./request.ts"

const end = "\r\n\r\n"

/** A line end that is not CRLF, or a byte no head has: waiting for more would not mend it. */
const malformed = /(?:^|[^\r])\n|\r(?!\n|$)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/

/**
 * Reads the head of a client's request, its last CRLFCRLF left out. It has to come whole within `headMs` and `headBytes`, and with
 * nothing behind it: a client that does not wait for the answer might mean what follows for someone else.
 */
export const readHead = (
  client: Socket,
  { headBytes, headMs }: { readonly headBytes: number; readonly headMs: number }
): Effect.Effect<string, Refusal> =>
  Effect.async((resume) => {
    let text = ""
    const stop = () => {
      clearTimeout(timer)
      client.off("data", onData).off("end", onEnd).off("close", onEnd)
      client.pause()
    }
    const refuse = (status: Refusal["status"], reason: string) => {
      stop()
      resume(Effect.fail({ status, reason, asked: escapeLine(text.split("\r\n")[0] ?? "") }))
    }
    const onData = (chunk: Buffer) => {
      text += chunk.toString("latin1")
      const at = text.indexOf(end)
      const head = at < 0 ? text : text.slice(0, at)
      if (head.length > headBytes) return refuse(431, `the request's head is longer than ${headBytes} bytes`)
      if (malformed.test(head)) return refuse(400, "the request's head holds bytes that may not be there")
      if (at < 0) return
      if (text.length > at + end.length) return refuse(400, "more was sent before the request was answered")
      stop()
      resume(Effect.succeed(head))
    }
    const onEnd = () => refuse(400, "the request's head is not whole")
    const timer = setTimeout(() => refuse(408, `no whole request came within ${headMs} ms`), headMs)
    client.on("data", onData).on("end", onEnd).on("close", onEnd)
    client.resume()
    return Effect.sync(stop)
  })
