import { closeSync, constants, copyFileSync, mkdirSync, openSync, unlinkSync } from "node:fs"
import { chunkBytes, chunksOf, hashOf, openStaged, sha256, writeAll } from "./files.ts"

/** Every content a session began with or accepted, by SHA-256, where no sandbox can reach it: what `reject` restores from. */
export interface Blobs {
  readonly has: (sha: string) => boolean
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
export class BlobError extends Error {}

/** Small contents share one file that has no name (it is gone with the process); large ones are files, copied by reference where the disk can. */
export const make = (directory: string): Blobs => {
  mkdirSync(directory, { mode: 0o700 })
  const packed = `${directory}/pack`
  const pack = openSync(packed, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  unlinkSync(packed)
  const places = new Map<string, { readonly at: number; readonly size: number } | "file">()
  let end = 0
  const fileOf = (sha: string) => `${directory}/${sha}`

  const put: Blobs["put"] = (sha, bytes) => {
    if (places.has(sha)) return
    writeAll(pack, bytes)
    places.set(sha, { at: end, size: bytes.length })
    end += bytes.length
  }

  function* chunks(sha: string): Generator<Buffer> {
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
    if (places.has(sha)) return
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
    has: (sha) => places.has(sha),
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
