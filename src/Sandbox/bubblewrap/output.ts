/** Keeps what a command prints, both streams together up to `limit` bytes; `full` is called once, when more comes. */
export const capture = (
  limit: number,
  seen: (stream: "stdout" | "stderr", chunk: Uint8Array) => void,
  full: () => void
) => {
  const kept = { stdout: [] as Array<Uint8Array>, stderr: [] as Array<Uint8Array> }
  let room = limit
  let over = false
  return {
    take: (stream: "stdout" | "stderr", chunk: Uint8Array): void => {
      if (over) return
      const part = chunk.subarray(0, room)
      room -= part.length
      if (part.length > 0) {
        kept[stream].push(part)
        seen(stream, part)
      }
      if (part.length === chunk.length) return
      over = true
      full()
    },
    bytes: (stream: "stdout" | "stderr"): Uint8Array => new Uint8Array(Buffer.concat(kept[stream]))
  }
}
