import { assert, it } from "@effect/vitest"
import { makeDecoder, TooLarge } from "../../../src/Agent/models/sse.ts"

const decode = (source: string, size: number) => {
  const decoder = makeDecoder()
  const bytes = Buffer.from(source)
  const out = []
  for (let at = 0; at < bytes.length; at += size) out.push(...decoder.push(bytes.subarray(at, at + size)))
  return [...out, ...decoder.end()]
}

const source = [
  "\uFEFFevent: one\r\ndata: größer 😀\r\nid: 7\r\n\r\n",
  ": keep-alive\n\n",
  "data:a\ndata: b\ndata\nretry: 5\nunknown: x\n\n",
  "event: empty\n\n",
  "data: cr only\r\rdata: last"
].join("")

it.each([1, 2, 3, 5, 7, 1_000])("decodes the same events from pieces of %i bytes", (size) => {
  assert.deepStrictEqual(decode(source, size), [
    { event: "one", data: "größer 😀" },
    { event: ":", data: "" },
    { event: "", data: "a\nb\n" },
    { event: "", data: "cr only" },
    { event: "", data: "last" }
  ])
})

it("refuses an event and an answer past their limits", () => {
  const caps = { event: 100, total: 1_000 }
  const line = Buffer.from(`data: ${"x".repeat(60)}\n`)
  assert.throws(() => makeDecoder(caps).push(Buffer.from("x".repeat(101))), TooLarge)
  const lines = makeDecoder(caps)
  lines.push(line)
  assert.throws(() => lines.push(line), TooLarge)
  const events = makeDecoder(caps)
  const event = Buffer.concat([line, Buffer.from("\n")])
  for (let n = 0; n < 14; n++) events.push(event)
  assert.throws(() => events.push(event), TooLarge)
})
