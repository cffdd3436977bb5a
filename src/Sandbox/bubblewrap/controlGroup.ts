import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFile, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { isDead, self } from "../../internal/owner.ts"
import type { Limits } from "../SandboxCommand.ts"
import { maxTasks } from "./limited.ts"

/** One sandbox's control group: a bound on all its processes together that the kernel holds. */
export interface ControlGroup {
  readonly add: (pid: number) => void
  /** Removes it, once; its processes must be gone. Returns whether the kernel killed one of them for memory. */
  readonly close: () => boolean
}

/** Makes the control group of one sandbox. */
export type ControlGroups = (limits: Limits) => ControlGroup

interface Place {
  readonly parent: string
  /** Where this process itself is, when that can be told. */
  readonly own?: string
  readonly settings: (limits: Limits) => Readonly<Record<string, number>>
  readonly events?: string
}

const prefix = "fluffy-"
const mountPoint = "/sys/fs/cgroup"
const removeTries = 20
const removePauseMs = 20

/** Page cache and files in memory count as well, so this is above what is watched. */
const allMemory = (limits: Limits) => limits.memoryBytes + limits.diskBytes
const tasks = (limits: Limits) => ({ "pids.max": maxTasks(limits) })

/** Where we are, by controller; version 2 has the empty name (cgroups(7)). */
const own = (): ReadonlyMap<string, string> =>
  new Map(
    readFileSync("/proc/self/cgroup", "utf8").split("\n").filter((line) => line !== "").flatMap((line) => {
      const [, controllers = "", path = "/"] = line.split(":")
      return controllers.split(",").map((controller) => [controller, path] as const)
    })
  )

const firstVersion = (paths: ReadonlyMap<string, string>): ReadonlyArray<Place> => {
  const place = (controller: string) => {
    const mount = join(mountPoint, controller)
    const below = join(mount, paths.get(controller) ?? "/")
    return existsSync(join(below, "cgroup.procs")) ? { parent: below, own: below } : { parent: mount }
  }
  return [
    { ...place("pids"), settings: tasks },
    {
      ...place("memory"),
      settings: (limits) => ({ "memory.limit_in_bytes": allMemory(limits) }),
      events: "memory.oom_control"
    }
  ]
}

/** A group that holds processes cannot have limited children, so ours lies beside our own. */
const secondVersion = (paths: ReadonlyMap<string, string>): ReadonlyArray<Place> => [{
  parent: join(mountPoint, dirname(paths.get("") ?? "/")),
  own: join(mountPoint, paths.get("") ?? "/"),
  settings: (limits) => ({ ...tasks(limits), "memory.max": allMemory(limits), "memory.swap.max": 0 }),
  events: "memory.events"
}]

const sweep = (parent: string) => {
  for (const name of readdirSync(parent).filter((name) => name.startsWith(prefix))) {
    if (isDead(name.slice(prefix.length, name.lastIndexOf(".")))) remove(join(parent, name), 1)
  }
}

/** The kernel counts the last process for a moment after it is gone. */
const remove = (directory: string, tries: number): void => {
  try {
    rmdirSync(directory)
  } catch {
    if (tries > 1) setTimeout(() => remove(directory, tries - 1), removePauseMs).unref()
  }
}

/**
 * Moves this process to where it is. The first move after a pause waits for a grace period of all processors, some 5 ms; started now,
 * beside the sandbox, that is over when the sandbox is to be moved.
 */
const warm = (own: string | undefined) => {
  if (own !== undefined) writeFile(join(own, "cgroup.procs"), String(process.pid), () => {})
}

let count = 0

const create = (places: ReadonlyArray<Place>, limits: Limits): ControlGroup => {
  const name = `${prefix}${self}.${count++}`
  const made: Array<string> = []
  warm(places[0]?.own)
  const removeAll = () => made.forEach((directory) => remove(directory, removeTries))
  const killed = () =>
    places.some(({ events, parent }) =>
      events !== undefined && /^oom_kill [1-9]/m.test(readFileSync(join(parent, name, events), "utf8"))
    )
  let closed = false
  try {
    for (const { parent, settings } of places) {
      mkdirSync(join(parent, name))
      made.push(join(parent, name))
      for (const [file, value] of Object.entries(settings(limits))) {
        writeFileSync(join(parent, name, file), String(value))
      }
    }
  } catch (error) {
    removeAll()
    throw error
  }
  return {
    add: (pid) => made.forEach((directory) => writeFileSync(join(directory, "cgroup.procs"), String(pid))),
    close: () => {
      if (closed) return false
      closed = true
      try {
        return killed()
      } catch {
        return false
      } finally {
        removeAll()
      }
    }
  }
}

/**
 * Tries to make control groups here; undefined where the kernel or our rights do not allow it. `limits` are any, for the trial.
 * Control groups of kernels that were killed are removed.
 */
export const controlGroups = (limits: Limits): ControlGroups | undefined => {
  try {
    const paths = own()
    const places = existsSync(join(mountPoint, "cgroup.controllers")) ? secondVersion(paths) : firstVersion(paths)
    places.forEach(({ parent }) => sweep(parent))
    create(places, limits).close()
    return (limits) => create(places, limits)
  } catch {
    return undefined
  }
}
