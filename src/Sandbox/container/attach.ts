import type { Duplex } from "node:stream"
import { type Address, requestTo } from "./address.ts"

const bodyBytes = 1000

/**
 * Attaches to a container before it starts: both output streams in frames, what is written goes to standard input. The request has no
 * body at all: dockerode sends its options as one, and Podman hands that to the container.
 */
export const attach = (address: Address, id: string, stdin: boolean): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const path = `/containers/${id}/attach?stream=1&stdout=1&stderr=1${stdin ? "&stdin=1" : ""}`
    const asked = requestTo(address, { path, method: "POST", headers: { Connection: "Upgrade", Upgrade: "tcp" } })
    asked.on("upgrade", (_, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    asked.on("response", (response) => {
      let body = ""
      response.on("data", (chunk: Buffer) => body = (body + chunk.toString("utf8")).slice(0, bodyBytes))
      response.on(
        "close",
        () => {
          const error = new Error(`the engine answered ${response.statusCode} to an attach: ${body.trim()}`)
          reject(Object.assign(error, { statusCode: response.statusCode }))
        }
      )
    })
    asked.on("error", reject)
    asked.end()
  })
