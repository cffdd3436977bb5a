import { closeSync, constants, copyFileSync, fstatSync, readlinkSync, unlinkSync } from "node:fs"
import type { Content } from "../../domain/Change.ts"
import * as Beneath from "../beneath.ts"
import type { Blobs } from "../Blobs.ts"
import { chunkBytes, chunksOf, hashOf, lookAt, openRegular, openStaged, sha256 } from "../files.ts"
import { ancestors, nameOf, parentOf } from "../names.ts"
import type { Names } from "./Names.ts"

/** `since` is the session's start as a change time, in ns; `inodes` tells the directories of the start. */
export interface LowerOptions {
  readonly project: string
  readonly names: Names
  readonly blobs: Blobs
  readonly scratch: string
  readonly since: bigint
  readonly inodes: ReadonlyMap<string, bigint>
}

class Vanished extends Error {}

/**
 * The project's own files as a command found them: read when one is first changed, kept by content, and told from what somebody else
 * changed since the session began.
 */
export class Lower {
  /** Paths that somebody else changed before the session first did: what the session began from is not known any more. */
  readonly disturbed: Set<string> = new Set()
  private readonly options: LowerOptions
  private readonly known = new Map<
    string,
    { readonly ino: bigint; readonly ctime: bigint; readonly content: Content }
  >()

  constructor(options: LowerOptions) {
    this.options = options
  }

  /** Whether a path is not, or may not be, what it was at the session's start. */
  isDisturbed(path: string): boolean {
    const { inodes, names, project, since } = this.options
    if (names.kindOf(path) === undefined) return false
    const stat = lookAt(`${project}/${path}`)
    if (stat === undefined || stat.ctimeNs > since) return true
    return ancestors(path).some((one) => inodes.get(one) !== lookAt(`${project}/${one}`)?.ino)
  }

  /** The content of a file or link of the project, its bytes kept; undefined when it is gone or special. */
  contentOf(path: string): Content | undefined {
    const { blobs, project, scratch } = this.options
    return Beneath.within(project, (beneath) => {
      const prefix = beneath.enter(parentOf(path))
      const host = `${prefix}/${nameOf(path)}`
      const stat = prefix === undefined ? undefined : lookAt(host)
      if (stat === undefined) return undefined
      const known = this.known.get(path)
      if (known !== undefined && known.ino === stat.ino && known.ctime === stat.ctimeNs) return known.content
      try {
        const content = stat.isSymbolicLink()
          ? linkAt(host, blobs)
          : stat.isFile()
          ? fileAt(host, blobs, scratch)
          : undefined
        if (content !== undefined) this.known.set(path, { ino: stat.ino, ctime: stat.ctimeNs, content })
        return content
      } catch (cause) {
        if (cause instanceof Vanished) return undefined
        throw cause
      }
    })
  }
}

const linkAt = (host: string, blobs: Blobs): Content => {
  const target = Buffer.from(readlinkSync(host))
  const content = { kind: "symlink", executable: false, size: target.length, sha256: sha256(target) } as const
  blobs.put(content.sha256, target)
  return content
}

const opened = (host: string): number => {
  try {
    const fd = openRegular(host)
    if (fd !== undefined) return fd
  } catch (cause) {
    if (!["ENOENT", "ELOOP", "ENXIO"].includes(String((cause as NodeJS.ErrnoException).code))) throw cause
  }
  throw new Vanished(host)
}

const fileAt = (host: string, blobs: Blobs, scratch: string): Content => {
  const fd = opened(host)
  try {
    const { mode, size } = fstatSync(fd)
    const executable = (mode & 0o100) !== 0
    if (size >= chunkBytes) return { ...largeAt(fd, blobs, scratch), executable }
    const bytes = Buffer.concat([...chunksOf(fd, 0, chunkBytes)])
    const sha = sha256(bytes)
    blobs.put(sha, bytes)
    return { kind: "file", executable, size: bytes.length, sha256: sha }
  } finally {
    closeSync(fd)
  }
}

// A copy first: the project's file may be written while it is read.
const largeAt = (fd: number, blobs: Blobs, scratch: string): Omit<Content, "executable"> => {
  const copy = `${scratch}/lower-${process.pid}`
  copyFileSync(`/proc/self/fd/${fd}`, copy, constants.COPYFILE_FICLONE)
  const copied = openStaged(copy, 0o600)
  try {
    const { size } = fstatSync(copied)
    const sha = hashOf(copied, size)
    blobs.putFile(sha, copy, size, 0o600)
    return { kind: "file", size, sha256: sha }
  } finally {
    closeSync(copied)
    unlinkSync(copy)
  }
}
