import { lstatSync, readdirSync, statfsSync } from "node:fs"
import { join } from "node:path"
import type { Limits } from "../SandboxCommand.ts"
import { descendants, machineMemory, proportionalBytes, residentBytes } from "./processes.ts"

const intervalMs = 50
const MiB = 1 << 20
const hostFloor = { memory: 512 * MiB, disk: 256 * MiB }
const maxInodes = 200_000

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

const fileSystem = (path: string) => {
  try {
    const { bavail, bsize, ffree } = statfsSync(path)
    return { path, free: bavail * bsize, inodes: ffree }
  } catch {
    return { path, free: Number.POSITIVE_INFINITY, inodes: Number.POSITIVE_INFINITY }
  }
}

const diskUsage = (roots: ReadonlyArray<string>, limit: number) => {
  const before = roots.map(fileSystem)
  return (): boolean =>
    before.some((start) => {
      const now = fileSystem(start.path)
      const used = start.free - now.free
      if (start.inodes - now.inodes > maxInodes) return true
      // Another program may have filled the disk; but a deleted file that is still open is in no directory.
      if (used > limit) return used > 2 * limit || occupied(start.path, limit) > limit
      return now.free < Math.min(hostFloor.disk, start.free / 2)
    })
}

const memoryUsage = (limits: Limits) => {
  const before = machineMemory()
  return (pids: ReadonlyArray<number>): boolean => {
    const total = (bytes: (pid: number) => number) => pids.reduce((sum, pid) => sum + bytes(pid), 0)
    if (total(residentBytes) > limits.memoryBytes && total(proportionalBytes) > limits.memoryBytes) return true
    const now = machineMemory()
    // Memory that no process maps: memory files, shared segments, socket buffers.
    if (now.shared - before.shared > limits.memoryBytes + limits.diskBytes) return true
    return now.available < Math.min(hostFloor.memory, before.available / 2)
  }
}

/**
 * Looks at a running sandbox every 50 ms and names the first limit it has broken. The kernel's own limits count per process only, and
 * no bind mount has a quota. `seen` is given every look's processes. Returns what ends the watch.
 */
export const watch = (
  init: number,
  limits: Limits,
  writable: ReadonlyArray<string>,
  broken: (limit: "memory" | "processes" | "disk") => void,
  seen: (pids: ReadonlyArray<number>) => void = () => {}
): () => void => {
  const disk = diskUsage(writable, limits.diskBytes)
  const memory = memoryUsage(limits)
  const timer = setInterval(() => {
    const pids = descendants(init, limits.processes)
    seen(pids)
    if (pids.length > limits.processes) broken("processes")
    else if (memory(pids)) broken("memory")
    else if (disk()) broken("disk")
  }, intervalMs)
  return () => clearInterval(timer)
}
