import type { IncomingHttpHeaders } from "node:http"
import { type Address, requestTo } from "./address.ts"

/** An answer of an engine's, read whole. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const maxBytes = 16 << 20

/** Asks an engine for a path that dockerode has no call for, or before dockerode is loaded. An aborted `signal` ends the question. */
export const get = (address: Address, path: string, signal?: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = requestTo(address, { path, ...signal === undefined ? {} : { signal } }, (response) => {
      const chunks: Array<Buffer> = []
      let bytes = 0
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) response.destroy(new Error("the engine's answer is too long"))
        chunks.push(chunk)
      })
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString()
        }))
      response.on("error", reject)
    })
    asked.on("error", reject)
    asked.end()
  })
