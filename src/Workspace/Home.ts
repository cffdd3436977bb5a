import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, statfsSync } from "node:fs"
import { freemem } from "node:os"
import { isDead, self } from "../internal/owner.ts"
import { removeTree } from "./files.ts"

/** Directories a stage may lie in: one in memory, one on a disk, and one outside of every project for overlays. */
export interface Places {
  readonly memory: string
  readonly disk: string
  readonly overlay: string
}

/**
 * A stage's own directory: `root` is shown to sandboxes, everything beside it only to the kernel. `times` says that the file
 * system marks every write in the change time, which memory does not: a write through a mapped page leaves no trace there.
 */
export interface Home {
  readonly directory: string
  readonly root: string
  readonly trash: string
  readonly blobs: string
  readonly medium: "memory" | "disk"
  readonly times: boolean
}

const tmpfs = 0x01021994
// ext2 to ext4, XFS, Btrfs, F2FS.
const keepTimes = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010])

// Every scan reads all of a stage in memory, so what lies there is small.
const maxMemoryFiles = 4_000
const maxMemoryBytes = 32 << 20
const spare = 4

const prefix = "fluffy-stage-"

const fits = (memory: string, files: number, bytes: number): boolean => {
  try {
    const system = statfsSync(memory)
    return files <= maxMemoryFiles && bytes <= maxMemoryBytes && system.type === tmpfs &&
      Math.min(system.bavail * system.bsize, freemem()) >= spare * (bytes + files * 8192)
  } catch {
    return false
  }
}

/** Makes a stage's directory. An owner who is not the kernel may pass through it, to the root only. */
export const create = (
  places: Places,
  files: number,
  bytes: number,
  owner: { readonly uid: number; readonly gid: number } | null
): Home => {
  const medium = fits(places.memory, files, bytes) ? "memory" : "disk"
  const parent = places[medium]
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const directory = mkdtempSync(`${parent}/${prefix}${self}.`)
  if (owner !== null) chmodSync(directory, 0o711)
  const home: Home = {
    directory,
    root: `${directory}/root`,
    trash: `${directory}/trash`,
    blobs: `${directory}/blobs`,
    medium,
    times: keepTimes.has(statfsSync(directory).type)
  }
  mkdirSync(home.root, { mode: 0o700 })
  if (owner !== null) chownSync(home.root, owner.uid, owner.gid)
  mkdirSync(home.trash, { mode: 0o700 })
  return home
}

/** The directory of an overlay stage: nothing of it is shown to a sandbox but through the overlay. `since` is its change time, in ns. */
export interface OverlayHome extends Pick<Home, "directory" | "trash" | "blobs"> {
  readonly since: bigint
}

/** Makes the directory of an overlay stage in this one. */
export const createOverlay = (
  parent: string,
  owner: { readonly uid: number; readonly gid: number } | null
): OverlayHome => {
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const directory = mkdtempSync(`${parent}/${prefix}${self}.`)
  if (owner !== null) chmodSync(directory, 0o711)
  const since = lstatSync(directory, { bigint: true }).ctimeNs
  mkdirSync(`${directory}/trash`, { mode: 0o700 })
  return { directory, trash: `${directory}/trash`, blobs: `${directory}/blobs`, since }
}

const owned = (path: string): boolean => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat !== undefined && stat.isDirectory() && stat.uid === process.geteuid?.()
}

/** Removes a stage's directory, whatever was done to it. */
export const remove = (directory: string): void => {
  const trash = mkdtempSync(`${directory}.gone-`)
  removeTree(directory, trash)
  rmdirSync(trash)
}

// Another kernel may be at it, too, and what cannot be removed now can be later.
const isRemoved = (directory: string): boolean => {
  try {
    remove(directory)
    return true
  } catch {
    return false
  }
}

/** Removes the stages of kernels that are gone; how many there were. */
export const sweep = (places: Places): number => {
  let removed = 0
  for (const parent of new Set([places.memory, places.disk, places.overlay])) {
    if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) continue
    for (const name of readdirSync(parent)) {
      if (!name.startsWith(prefix)) continue
      const mark = name.slice(prefix.length, name.indexOf("."))
      if (!isDead(mark) || !owned(`${parent}/${name}`)) continue
      if (isRemoved(`${parent}/${name}`)) removed++
    }
  }
  return removed
}
