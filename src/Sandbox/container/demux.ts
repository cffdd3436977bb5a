const headerBytes = 8

/**
 * Takes an engine's attached stream apart: frames of a header (stream number, three zeros, length as 32 bits big endian) and a payload,
 * cut anywhere. Every piece of a payload is handed on as it comes.
 */
export const demux = (seen: (stream: "stdout" | "stderr", chunk: Uint8Array) => void) => {
  const header = Buffer.alloc(headerBytes)
  let have = 0
  let left = 0
  return (chunk: Uint8Array): void => {
    for (let at = 0; at < chunk.length;) {
      if (left === 0) {
        const part = chunk.subarray(at, at + headerBytes - have)
        header.set(part, have)
        have += part.length
        at += part.length
        if (have < headerBytes) return
        left = header.readUInt32BE(4)
        if (left === 0) have = 0
        continue
      }
      const part = chunk.subarray(at, at + left)
      at += part.length
      left -= part.length
      seen(header[0] === 2 ? "stderr" : "stdout", part)
      if (left === 0) have = 0
    }
  }
}
