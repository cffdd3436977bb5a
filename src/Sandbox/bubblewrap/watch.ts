import type { Limits } from "../SandboxCommand.ts"
import { diskUsage } from "./disk.ts"
import { descendants, machineMemory, proportionalBytes, residentBytes } from "./processes.ts"

const intervalMs = 50
const MiB = 1 << 20
const hostFloor = 512 * MiB

const memoryUsage = (limits: Limits) => {
  const before = machineMemory()
  return (pids: ReadonlyArray<number>): boolean => {
    const total = (bytes: (pid: number) => number) => pids.reduce((sum, pid) => sum + bytes(pid), 0)
    if (total(residentBytes) > limits.memoryBytes && total(proportionalBytes) > limits.memoryBytes) return true
    const now = machineMemory()
    // Memory that no process maps: memory files, shared segments, socket buffers.
    if (now.shared - before.shared > limits.memoryBytes + limits.diskBytes) return true
    return now.available < Math.min(hostFloor, before.available / 2)
  }
}

/**
 * Looks at a running sandbox every 50 ms and names the first limit it has broken. The kernel's own limits count per process only, and
 * no bind mount has a quota. `init` tells the sandbox's first process, once that is known; `seen` is given every look's others. Returns
 * what ends the watch.
 */
export const watch = (
  init: () => number | undefined,
  limits: Limits,
  writable: ReadonlyArray<string>,
  broken: (limit: "memory" | "processes" | "disk") => void,
  seen: (pids: ReadonlyArray<number>) => void = () => {}
): () => void => {
  const disk = diskUsage(writable, limits.diskBytes)
  const memory = memoryUsage(limits)
  const timer = setInterval(() => {
    const first = init()
    const pids = first === undefined ? [] : descendants(first, limits.processes)
    seen(pids)
    if (pids.length > limits.processes) broken("processes")
    else if (memory(pids)) broken("memory")
    else if (disk(first === undefined ? [] : [first, ...pids])) broken("disk")
  }, intervalMs)
  return () => clearInterval(timer)
}
