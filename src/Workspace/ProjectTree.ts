import { closeSync, readdirSync, readlinkSync, type Stats, statSync } from "node:fs"
import type { Content } from "../domain/Change.ts"
import type { Beneath } from "./beneath.ts"
import { hashOf, lookAt, openRegular, sha256 } from "./files.ts"
import { ancestors, nameOf, parentOf } from "./names.ts"

/** A file or symlink of the project and how it is kept. */
export interface Kept {
  readonly content: Content
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What a project path holds. `directory` and `other` are nothing a session could have begun with. */
export type Current = Kept | "directory" | "other" | null

/** Reads what an entry is; the directory of `host` was reached through real directories. */
export const currentAt = (host: string): Current => {
  const stat = lookAt(host)
  if (stat === undefined) return null
  if (stat.isDirectory()) return "directory"
  const kept = { mode: Number(stat.mode & 0o777n), uid: Number(stat.uid), gid: Number(stat.gid) }
  if (stat.isSymbolicLink()) {
    const target = Buffer.from(readlinkSync(host))
    return { ...kept, content: { kind: "symlink", executable: false, size: target.length, sha256: sha256(target) } }
  }
  const fd = stat.isFile() ? openRegular(host) : undefined
  if (fd === undefined) return "other"
  try {
    const size = Number(stat.size)
    const executable = (stat.mode & 0o100n) !== 0n
    return { ...kept, content: { kind: "file", executable, size, sha256: hashOf(fd, size) } }
  } finally {
    closeSync(fd)
  }
}

/** The content an entry has: null for nothing, undefined for what is neither file nor symlink. */
export const contentOf = (current: Current): Content | null | undefined =>
  current === null ? null : typeof current === "string" ? undefined : current.content

/** A real directory's own status; undefined where there is none. */
export const statOf = (beneath: Beneath, path: string): Stats | undefined => {
  const prefix = beneath.enter(path)
  return prefix === undefined ? undefined : statSync(prefix)
}

/** The status of the innermost real directory on the way to a path. */
export const nearest = (beneath: Beneath, path: string): Stats | undefined => {
  for (const directory of [...ancestors(path), path].toReversed()) {
    const stat = statOf(beneath, directory)
    if (stat !== undefined) return stat
  }
  return statOf(beneath, "")
}

// Nothing may be in the way but what the same merge removes.
const isBlocked = (beneath: Beneath, path: string, removed: ReadonlySet<string>): boolean =>
  ancestors(path).some((directory) => {
    const prefix = beneath.enter(parentOf(directory))
    const stat = prefix === undefined ? undefined : lookAt(`${prefix}/${nameOf(directory)}`)
    return stat !== undefined && !stat.isDirectory() && !removed.has(directory)
  })

/** What a path of the project holds, given the paths that are to be removed. */
export const current = (beneath: Beneath, path: string, removed: ReadonlySet<string>): Current => {
  if (isBlocked(beneath, path, removed)) return "other"
  const prefix = beneath.enter(parentOf(path))
  return prefix === undefined ? null : currentAt(`${prefix}/${nameOf(path)}`)
}

/** The directories that go when all of these paths do, from `directory` down; undefined when something else is in it. */
export const vanishing = (
  beneath: Beneath,
  directory: string,
  removed: ReadonlySet<string>
): ReadonlyArray<string> | undefined => {
  const prefix = beneath.enter(directory)
  if (prefix === undefined) return undefined
  const gone = [directory]
  for (const entry of readdirSync(prefix, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (removed.has(path) && !entry.isDirectory()) continue
    const below = entry.isDirectory() ? vanishing(beneath, path, removed) : undefined
    if (below === undefined) return undefined
    gone.push(...below)
  }
  return gone
}
