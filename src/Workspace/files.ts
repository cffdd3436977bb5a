import { createHash, hash } from "node:crypto"
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync
} from "node:fs"

/** Sizes from here on are handled in pieces, never as one buffer. */
export const chunkBytes = 1 << 20

/** The SHA-256 of bytes, in hex. */
export const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "hex")

/** `lstat` with nanoseconds; undefined when there is nothing. */
export const lookAt = (path: string): BigIntStats | undefined => {
  try {
    return lstatSync(path, { bigint: true })
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(String((cause as NodeJS.ErrnoException).code))) return undefined
    throw cause
  }
}

/** Opens a regular file for reading without following a link or waiting for a FIFO; undefined when it is something else. */
export const openRegular = (path: string): number | undefined => {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  return undefined
}

/** Opens a staged regular file; one its last writer made unreadable is made readable first, keeping the rest of its mode. */
export const openStaged = (path: string, mode: number): number => {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  try {
    return openSync(path, flags)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EACCES") throw cause
    chmodSync(path, (mode & 0o777) | 0o600)
    return openSync(path, flags)
  }
}

/** The content of an open file in pieces of at most `chunkBytes`; a piece is valid until the next is asked for. */
export function* chunksOf(fd: number, start = 0, length = Number.POSITIVE_INFINITY): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, length))
  for (let at = 0; at < length;) {
    const read = readSync(fd, buffer, 0, Math.min(buffer.length, length - at), start + at)
    if (read === 0) return
    at += read
    yield buffer.subarray(0, read)
  }
}

const scratch = Buffer.allocUnsafe(chunkBytes)

/** The SHA-256 of an open file of about this size. */
export const hashOf = (fd: number, size: number): string => {
  if (size < chunkBytes) {
    const read = readSync(fd, scratch, 0, chunkBytes, 0)
    if (read < chunkBytes) return sha256(scratch.subarray(0, read))
  }
  const digest = createHash("sha256")
  for (const chunk of chunksOf(fd)) digest.update(chunk)
  return digest.digest("hex")
}

/** Whether an open file holds these bytes and no more; they are fewer than `chunkBytes`. */
export const holds = (fd: number, bytes: Buffer): boolean => {
  const read = readSync(fd, scratch, 0, chunkBytes, 0)
  return read === bytes.length && scratch.compare(bytes, 0, bytes.length, 0, read) === 0
}

/** Writes all of the bytes, where the file stands or from `start` on. */
export const writeAll = (fd: number, bytes: Uint8Array, start?: number): void => {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(fd, bytes, at, bytes.length - at, start === undefined ? null : start + at)
  }
}

/**
 * Removes whatever is at a path, links not followed, modes and depth no obstacle: directories are moved flat into `trash`, a
 * directory of the same file system, so that no path grows beyond what the system takes.
 */
export const removeTree = (path: string | Buffer, trash: string): void => {
  let count = 0
  const queue: Array<string> = []
  const drop = (one: string | Buffer) => {
    const stat = lstatSync(one)
    if (!stat.isDirectory()) return unlinkSync(one)
    chmodSync(one, 0o700)
    const moved = `${trash}/${process.pid}-${Date.now().toString(36)}-${count++}`
    renameSync(one, moved)
    queue.push(moved)
  }
  if (typeof path !== "string" || lookAt(path) !== undefined) drop(path)
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    const prefix = Buffer.from(`${directory}/`)
    for (const name of readdirSync(directory, { encoding: "buffer" })) drop(Buffer.concat([prefix, name]))
    rmdirSync(directory)
  }
}
