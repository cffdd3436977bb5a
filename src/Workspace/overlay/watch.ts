import { closeSync, readSync } from "node:fs"
import { lookAt } from "../files.ts"
import type { Native } from "./native.ts"

/** Tells in which of a project's directories names may have come, gone or been replaced since it was last asked. */
export interface Watch {
  /** "polls" looks at every directory each time, so that a command's cost grows with their number. */
  readonly method: "events" | "polls"
  readonly changed: () => ReadonlySet<string> | "any"
  /** A directory that is new in its place, and is to be watched, too; whether it is another one than before. */
  readonly renew: (directory: string) => boolean
  readonly close: () => void
}

// struct inotify_event of inotify(7): wd, mask, cookie and len, 4 bytes each, then the name.
const headBytes = 16
const overflow = 0x4000

const read = (descriptor: number, buffer: Buffer): number => {
  try {
    return readSync(descriptor, buffer, 0, buffer.length, null)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EAGAIN") return 0
    throw cause
  }
}

const byEvents = (project: string, native: Native): Watch | undefined => {
  const descriptor = native.openWatch()
  if (descriptor === undefined) return undefined
  const directories = new Map<number, string>()
  const numbers = new Map<string, number>()
  const buffer = Buffer.alloc(1 << 16)
  let lost = false
  return {
    method: "events",
    renew: (directory) => {
      const number = native.addWatch(descriptor, directory === "" ? project : `${project}/${directory}`)
      // One that is gone cannot be watched, nor can anything come to be in it.
      if (number === undefined && lookAt(`${project}/${directory}`)?.isDirectory() === true) lost = true
      if (number === undefined || numbers.get(directory) === number) return false
      numbers.set(directory, number)
      directories.set(number, directory)
      return true
    },
    changed: () => {
      if (lost) return "any"
      const found = new Set<string>()
      for (let size = read(descriptor, buffer); size > 0; size = read(descriptor, buffer)) {
        for (let at = 0; at < size;) {
          const number = buffer.readInt32LE(at)
          if ((buffer.readUInt32LE(at + 4) & overflow) !== 0) lost = true
          const directory = directories.get(number)
          if (directory !== undefined) found.add(directory)
          at += headBytes + buffer.readUInt32LE(at + 12)
        }
      }
      if (!lost) return found
      lost = false
      return "any"
    },
    close: () => closeSync(descriptor)
  }
}

// Change times advance by ticks of up to 10 ms.
const racy = 20_000_000n

const byPolls = (project: string): Watch => {
  const known = new Map<string, { readonly ino: bigint; readonly ctime: bigint; readonly seen: bigint }>()
  const differs = (directory: string): boolean => {
    const stat = lookAt(`${project}/${directory}`)
    const was = known.get(directory)
    if (stat === undefined) return known.delete(directory)
    known.set(directory, { ino: stat.ino, ctime: stat.ctimeNs, seen: BigInt(Date.now()) * 1_000_000n })
    return was === undefined || was.ino !== stat.ino || was.ctime !== stat.ctimeNs || was.ctime > was.seen - racy
  }
  return {
    method: "polls",
    renew: (directory) => {
      const was = known.get(directory)?.ino
      differs(directory)
      return known.get(directory)?.ino !== was
    },
    changed: () => new Set([...known.keys()].filter(differs)),
    close: () => undefined
  }
}

/** Watches directories of a project: told by the system, or, where it takes no more watches, by looking. */
export const watch = (project: string, directories: Iterable<string>, native: Native): Watch => {
  const events = byEvents(project, native)
  if (events !== undefined) {
    for (const directory of directories) events.renew(directory)
    if (events.changed() !== "any") return events
    events.close()
  }
  const polls = byPolls(project)
  for (const directory of directories) polls.renew(directory)
  return polls
}
