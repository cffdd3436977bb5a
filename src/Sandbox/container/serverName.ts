import { request } from "node:http"

/**
 * What an engine calls itself, like `Docker/20.10.24 (linux)` or `Libpod/4.3.1 (linux)`: a header of its answer to a ping. Podman needs
 * most of a second to say more.
 */
export const serverName = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: "/_ping" })
    asked.on("response", (response) => {
      response.resume()
      resolve(String(response.headers.server ?? ""))
    })
    asked.on("error", reject)
    asked.end()
  })
