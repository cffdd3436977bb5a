import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { apply, type Owner } from "./apply.ts"
import { entriesOf, type ReadAt } from "./entries.ts"

/** Keeps an archive in a file that has no name any more, so that nothing of it stays, however we end. */
const keep = async (
  archive: Readable,
  maxBytes: number
): Promise<{ readonly file: number; readonly bytes: number }> => {
  const directory = mkdtempSync(join(tmpdir(), "fluffy-copy-"))
  const path = join(directory, "archive")
  const file = openSync(path, "wx+", 0o600)
  rmSync(directory, { recursive: true })
  try {
    let bytes = 0
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new Error(`there is more than ${maxBytes} bytes to copy back`)
      for (let written = 0; written < chunk.length;) written += writeSync(file, chunk, written)
    }
    return { file, bytes }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** An archive that has come and makes sense. */
export interface Received {
  /** Makes a directory of this machine what it says. */
  readonly unpack: (directory: string, owner: Owner) => void
  readonly close: () => void
}

/** Takes an archive of a directory's copy to its end and looks at all of it. */
export const receive = async (archive: Readable, maxBytes: number): Promise<Received> => {
  const { bytes, file } = await keep(archive, maxBytes)
  const close = () => closeSync(file)
  const read: ReadAt = (at, length) => {
    const piece = Buffer.alloc(length)
    for (let have = 0; have < length;) {
      const got = readSync(file, piece, have, length - have, at + have)
      if (got === 0) throw new Error("the archive is cut off")
      have += got
    }
    return piece
  }
  try {
    const entries = entriesOf(read, bytes)
    return { unpack: (directory, owner) => apply(directory, entries, read, owner), close }
  } catch (error) {
    close()
    throw error
  }
}
