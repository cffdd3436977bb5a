import { closeSync, readdirSync, readlinkSync, type Stats, statSync } from "node:fs"
import type { Content } from "../domain/Change.ts"
import type { Beneath } from "./beneath.ts"
import { hashOf, lookAt, openRegular, sha256 } from "./files.ts"
import { type Difference, sameContent } from "./Manifest.ts"
import type { Directory, Operation, Side } from "./MergePlan.ts"
import { ancestors, byPath, nameOf, parentOf } from "./names.ts"

/** What a project path holds now. `directory` and `other` are nothing a session could have begun with. */
export type Current =
  | { readonly content: Content; readonly mode: number; readonly uid: number; readonly gid: number }
  | "directory"
  | "other"
  | null

/** Reads what an entry of an entered directory is. */
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
  const size = Number(stat.size)
  const content = { kind: "file", executable: (stat.mode & 0o100n) !== 0n, size, sha256: hashOf(fd, size) } as const
  closeSync(fd)
  return { ...kept, content }
}

/** The operations that take a project from the base to the wanted state, their contents not yet placed, or the paths that changed meanwhile. */
export interface Inspection {
  readonly conflicts: ReadonlyArray<string>
  readonly operations: ReadonlyArray<Operation>
  readonly made: ReadonlyArray<Directory>
  readonly emptied: ReadonlyArray<Directory>
}

const executableMode = (mode: number, executable: boolean): number =>
  executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111

const directoryOf = (path: string, stat: Stats): Directory => ({
  path,
  mode: stat.mode & 0o777,
  uid: stat.uid,
  gid: stat.gid
})

/** Compares the project with what the session began from, looking through real directories only; writes nothing. */
export const inspect = (beneath: Beneath, wanted: ReadonlyArray<Difference>): Inspection => {
  const removed = new Set(wanted.filter((one) => one.after === null).map((one) => one.path))
  const needed = new Set(wanted.filter((one) => one.after !== null).flatMap((one) => ancestors(one.path)))
  const conflicts: Array<string> = []
  const operations: Array<Operation> = []
  const emptied = new Map<string, Directory>()
  const made = new Map<string, Directory>()

  const statOf = (path: string): Stats | undefined => {
    const prefix = beneath.enter(path)
    return prefix === undefined ? undefined : statSync(prefix)
  }

  // Nothing may be in the way but what this very merge removes.
  const isBlocked = (path: string): boolean =>
    ancestors(path).some((directory) => {
      const prefix = beneath.enter(parentOf(directory))
      if (prefix === undefined) return false
      const stat = lookAt(`${prefix}/${nameOf(directory)}`)
      return stat !== undefined && !stat.isDirectory() && !removed.has(directory)
    })

  const vanishes = (directory: string): boolean => {
    const prefix = beneath.enter(directory)
    const stat = statOf(directory)
    if (prefix === undefined || stat === undefined) return false
    const entries = readdirSync(prefix, { withFileTypes: true })
    const all = entries.every((entry) => {
      const path = `${directory}/${entry.name}`
      return entry.isDirectory() ? vanishes(path) : removed.has(path)
    })
    if (all) emptied.set(directory, directoryOf(directory, stat))
    return all
  }

  const current = (path: string): Current => {
    if (isBlocked(path)) return "other"
    const prefix = beneath.enter(parentOf(path))
    return prefix === undefined ? null : currentAt(`${prefix}/${nameOf(path)}`)
  }

  const nearest = (path: string): Stats | undefined => {
    for (const directory of [...ancestors(path), path].reverse()) {
      const stat = statOf(directory)
      if (stat !== undefined) return stat
    }
    return statOf("")
  }

  const sideOf = (content: Content, mode: number, uid: number, gid: number): Side | undefined =>
    content.kind === "directory" ? undefined : { ...content, kind: content.kind, mode, uid, gid, at: 0 }

  for (const one of wanted) {
    let now = current(one.path)
    if (now === "directory" && one.before === null && vanishes(one.path)) now = null
    const content = now === null ? null : typeof now === "string" ? undefined : now.content
    if (content !== undefined && sameContent(content, one.after)) continue
    if (content === undefined || !sameContent(content, one.before)) {
      conflicts.push(one.path)
      continue
    }
    const kept = typeof now === "object" ? now : null
    const parent = nearest(parentOf(one.path))
    const fresh = ((parent?.mode ?? 0o700) & 0o666) | 0o600
    const before = kept === null ? null : sideOf(kept.content, kept.mode, kept.uid, kept.gid) ?? null
    const base = kept !== null && kept.content.kind === "file" ? kept.mode : fresh
    const after = one.after === null ? null : sideOf(
      one.after,
      executableMode(base, one.after.executable),
      kept?.uid ?? parent?.uid ?? 0,
      kept?.gid ?? parent?.gid ?? 0
    ) ?? null
    operations.push({ path: one.path, before, after })
  }

  for (const path of [...needed].sort(byPath)) {
    if (statOf(path) !== undefined) continue
    const stat = nearest(path)
    if (stat !== undefined) made.set(path, directoryOf(path, stat))
  }
  const candidates = new Set([...removed].flatMap(ancestors))
  for (const path of [...candidates].sort(byPath).reverse()) {
    const prefix = needed.has(path) ? undefined : beneath.enter(path)
    if (prefix === undefined) continue
    const names = readdirSync(prefix)
    if (names.some((name) => !removed.has(`${path}/${name}`) && !emptied.has(`${path}/${name}`))) continue
    emptied.set(path, directoryOf(path, statSync(prefix)))
  }
  const sorted = (directories: Map<string, Directory>) =>
    [...directories.values()].sort((a, b) => byPath(a.path, b.path))
  return { conflicts, operations, made: sorted(made), emptied: sorted(emptied) }
}
