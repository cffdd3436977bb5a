import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { post } from "../../../src/Agent/models/post.ts"

/** A server that answers whatever comes with this text. */
const answering = (text: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: URL; readonly close: () => void }>((resume) => {
      const sockets: Array<Socket> = []
      const server = createServer((socket) => {
        sockets.push(socket.on("error", () => undefined))
        socket.once("data", () => socket.write(text))
      })
      server.listen(0, "127.0.0.1", () => {
        const close = () => {
          for (const socket of sockets) socket.destroy()
          server.close()
        }
        resume(Effect.succeed({ url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException | undefined)?.code ?? "none"

it.scopedLive.each([
  {
    what: "another protocol",
    text: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    code: "none"
  },
  { what: "no HTTP", text: "SSH-2.0-OpenSSH_9.2\r\n", code: "HPE_INVALID_CONSTANT" },
  { what: "a head without end", text: `HTTP/1.1 200 OK\r\nx: ${"y".repeat(1 << 20)}`, code: "HPE_HEADER_OVERFLOW" }
])("fails where the server speaks $what", ({ code, text }) =>
  Effect.gen(function*() {
    const { url } = yield* answering(text)
    assert.strictEqual(yield* Effect.flip(post(url, {}, "{}", codeOf)), code)
  }))

it.scopedLive("fails on a header that cannot be sent, without its value", () =>
  Effect.gen(function*() {
    const headers = { authorization: "Bearer key\n" }
    const error = yield* Effect.flip(post(new URL("http://127.0.0.1:9"), headers, "{}", String))
    assert.include(error, "ERR_INVALID_CHAR")
    assert.notInclude(error, "Bearer")
  }))
