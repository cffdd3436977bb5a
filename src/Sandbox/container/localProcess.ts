import { readFileSync } from "node:fs"
import { identify, type Process } from "../bubblewrap/processes.ts"
import type { Engine } from "./Engine.ts"

const parentOf = (pid: number): string | undefined =>
  /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]

/**
 * The container's first process as one of this machine, undefined when the engine runs on another, where its number means nothing here.
 * It is known by its parent, the engine's shim, which has the container's id among its arguments.
 */
export const localProcess = async (engine: Engine, id: string): Promise<Process | undefined> => {
  const { pid } = await engine.state(id)
  const process = pid > 0 ? identify(pid) : undefined
  if (process === undefined) return undefined
  try {
    const shim = readFileSync(`/proc/${parentOf(pid)}/cmdline`, "utf8").split("\0")
    return shim.includes(id) ? process : undefined
  } catch {
    return undefined
  }
}
