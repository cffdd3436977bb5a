import { lstatSync, readdirSync, statfsSync, statSync } from "node:fs"
import { join } from "node:path"

const MiB = 1 << 20
const hostFloor = 256 * MiB
const maxInodes = 200_000
const maxDescriptors = 20_000
/** What is found nowhere may be of files that are only mapped, or on their way from one process to another. */
const maxForgiven = (limit: number) => Math.max(8 * limit, 4096 * MiB)
// An engine names a container's processes a moment after its start, or never.
const maxUnknownLooks = 20

/** Bytes that lie below a directory, by blocks, links not followed; stops when there are more than `enough`. */
const occupied = (root: string, enough: number): number => {
  const pending = [root]
  let bytes = 0
  for (let path = pending.pop(); path !== undefined && bytes <= enough; path = pending.pop()) {
    try {
      const stat = lstatSync(path)
      bytes += stat.blocks * 512
      const parent = path
      if (stat.isDirectory()) pending.push(...readdirSync(path).map((name) => join(parent, name)))
    } catch {
      // Removed while we looked.
    }
  }
  return bytes
}

const isGone = (error: unknown) => ["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")

/** Bytes of deleted files that these processes hold open. Nothing where that cannot be told: too many, or not ours to look at. */
const nameless = (pids: ReadonlyArray<number>): number | undefined => {
  const found = new Map<string, number>()
  let looked = 0
  for (const pid of pids) {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        if (++looked > maxDescriptors) return undefined
        const stat = statSync(`/proc/${pid}/fd/${descriptor}`, { throwIfNoEntry: false })
        if (stat?.isFile() && stat.nlink === 0) found.set(`${stat.dev} ${stat.ino}`, stat.blocks * 512)
      }
    } catch (error) {
      if (!isGone(error)) return undefined
    }
  }
  return pids.length === 0 ? undefined : [...found.values()].reduce((sum, bytes) => sum + bytes, 0)
}

const fileSystem = (path: string) => {
  try {
    const { bavail, bsize, ffree } = statfsSync(path)
    return { path, free: bavail * bsize, inodes: ffree }
  } catch {
    return { path, free: Number.POSITIVE_INFINITY, inodes: Number.POSITIVE_INFINITY }
  }
}

/**
 * Tells, when asked with a sandbox's processes, whether it has written more than `limit` bytes below its roots. Free space is cheap to
 * look at; only when that has shrunk by more are the files counted, since another program may have used it. It is asked at regular
 * intervals.
 */
export const diskUsage = (
  roots: ReadonlyArray<string>,
  limit: number
): (pids: ReadonlyArray<number>) => boolean => {
  const watched = roots.map((root) => ({ ...fileSystem(root), forgiven: 0, unknown: 0 }))
  return (pids) =>
    watched.some((start) => {
      const now = fileSystem(start.path)
      const used = start.free - now.free
      if (start.inodes - now.inodes > maxInodes) return true
      if (used > limit) {
        const held = nameless(pids)
        const ours = occupied(start.path, limit) + (held ?? 0)
        if (ours > limit) return true
        if (held === undefined) {
          return used > maxForgiven(limit) || (used > 2 * limit && ++start.unknown > maxUnknownLooks)
        }
        start.forgiven += Math.max(0, used - ours)
        start.free = now.free + Math.min(ours, limit / 2)
        return start.forgiven > maxForgiven(limit)
      }
      return now.free < Math.min(hostFloor, start.free / 2)
    })
}
