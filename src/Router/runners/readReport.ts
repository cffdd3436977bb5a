import { Effect } from "effect"
import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { maxReportBytes } from "./reportText.ts"

const readAll = async (file: string): Promise<Uint8Array | null> => {
  // The directory was writable for the code under test: the file may be a link, a pipe or huge.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) return null
    const buffer = Buffer.alloc(Math.min(stat.size, maxReportBytes + 1))
    let at = 0
    while (at < buffer.length) {
      const { bytesRead } = await handle.read(buffer, at, buffer.length - at, at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return buffer.subarray(0, at)
  } finally {
    await handle.close()
  }
}

/**
 * A report's bytes from the host's side of the report directory, once every process of the run is dead: null when it is missing or no
 * regular file, one byte more than `maxReportBytes` when it is larger, which no parser takes.
 */
export const readReport = (file: string): Effect.Effect<Uint8Array | null> =>
  Effect.promise(() => readAll(file).catch(() => null))
