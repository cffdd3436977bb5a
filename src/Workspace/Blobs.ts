import { closeSync, constants, copyFileSync, mkdirSync, openSync, unlinkSync } from "node:fs"
import { chunkBytes, chunksOf, hashOf, openStaged, sha256, writeAll } from "./files.ts"

/** Every content a session began with or accepted, by SHA-256, where no sandbox can reach it: what `reject` restores from. */
export interface Blobs {
  /** The content itself where it is small and kept at hand. */
  readonly held: (sha: string) => Buffer | undefined
  readonly put: (sha: string, bytes: Uint8Array) => void
  /** Takes a file's content in; refuses it when it is no longer what was hashed. */
  readonly putFile: (sha: string, path: string, size: number, mode: number) => void
  readonly read: (sha: string) => Buffer
  /** The content piece by piece; a piece is valid until the next. */
  readonly chunks: (sha: string) => Iterable<Buffer>
  /** Writes the content as a new file of this mode; nothing may be there. */
  readonly write: (sha: string, path: string, mode: number) => void
  readonly close: () => void
}

/** A content that was asked for and is not held, or was not what it should be. */
class BlobError extends Error {}

// What a stage in memory may keep at hand beside itself.
const maxHeld = 64 << 20

/**
 * Small contents share one file that has no name (it is gone with the process), or are kept `atHand`; large ones are files, copied by
 * reference where the disk can.
 */
export const make = (directory: string, atHand: boolean): Blobs => {
  mkdirSync(directory, { mode: 0o700 })
  const packed = `${directory}/pack`
  const pack = openSync(packed, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  unlinkSync(packed)
  const places = new Map<string, { readonly at: number; readonly size: number } | "file">()
  const hand = new Map<string, Buffer>()
  let end = 0
  let room = atHand ? maxHeld : 0
  const fileOf = (sha: string) => `${directory}/${sha}`

  const put: Blobs["put"] = (sha, bytes) => {
    if (hand.has(sha) || places.has(sha)) return
    if (bytes.length <= room) {
      room -= bytes.length
      return void hand.set(sha, Buffer.from(bytes))
    }
    writeAll(pack, bytes, end)
    places.set(sha, { at: end, size: bytes.length })
    end += bytes.length
  }

  function* chunks(sha: string): Generator<Buffer> {
    const held = hand.get(sha)
    if (held !== undefined) return yield held
    const place = places.get(sha)
    if (place === undefined) throw new BlobError(`no content ${sha.slice(0, 12)}`)
    if (place !== "file") return yield* chunksOf(pack, place.at, place.size)
    const fd = openSync(fileOf(sha), constants.O_RDONLY)
    try {
      yield* chunksOf(fd)
    } finally {
      closeSync(fd)
    }
  }

  const putFile: Blobs["putFile"] = (sha, path, size, mode) => {
    if (hand.has(sha) || places.has(sha)) return
    const fd = openStaged(path, mode)
    try {
      if (size < chunkBytes) {
        const bytes = Buffer.concat([...chunksOf(fd, 0, chunkBytes)])
        if (sha256(bytes) !== sha) throw new BlobError(`${path} changed while it was read`)
        return put(sha, bytes)
      }
      const source = process.platform === "linux" ? `/proc/self/fd/${fd}` : path
      copyFileSync(source, fileOf(sha), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    } finally {
      closeSync(fd)
    }
    const copied = openStaged(fileOf(sha), 0o600)
    try {
      if (hashOf(copied, size) !== sha) throw new BlobError(`${path} changed while it was read`)
      places.set(sha, "file")
    } finally {
      closeSync(copied)
      if (!places.has(sha)) unlinkSync(fileOf(sha))
    }
  }

  return {
    held: (sha) => hand.get(sha),
    put,
    putFile,
    chunks,
    read: (sha) => Buffer.concat([...chunks(sha)].map((chunk) => Buffer.from(chunk))),
    write: (sha, path, mode) => {
      const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode)
      try {
        for (const chunk of chunks(sha)) writeAll(fd, chunk)
      } finally {
        closeSync(fd)
      }
    },
    close: () => closeSync(pack)
  }
}
