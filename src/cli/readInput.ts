import { Effect } from "effect"
import { misused } from "./CliFailed.ts"

const maxBytes = 8 << 20

/** Everything on standard input, at most 8 MiB of it, as text. */
export const readInput = Effect.tryPromise({
  try: async () => {
    const chunks: Array<Buffer> = []
    let size = 0
    for await (const chunk of process.stdin) {
      size += chunk.length
      if (size > maxBytes) throw new Error("too large")
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString("utf8")
  },
  catch: () => misused("Standard input cannot be read, or holds more than 8 MiB. Give the arguments as a word")
})
