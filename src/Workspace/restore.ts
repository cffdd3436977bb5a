import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from "node:fs"
import type { Blobs } from "./Blobs.ts"
import { lookAt, removeTree } from "./files.ts"
import type { Owner } from "./fill.ts"
import type { Manifest, ManifestEntry } from "./Manifest.ts"
import { ancestors, byPath } from "./names.ts"
import { isUnread, type Scanned } from "./scan.ts"

/** The accepted state of a stage and where its contents are. */
export interface RestoreOptions {
  readonly root: string
  readonly trash: string
  readonly owner: Owner
  readonly blobs: Blobs
  readonly manifest: Manifest
  readonly directories: ReadonlySet<string>
  readonly points: ReadonlySet<string>
}

const isRealDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Makes a directory and those above it, whatever stands in the way. */
export const makeDirectory = (options: Pick<RestoreOptions, "root" | "trash" | "owner">, path: string) => {
  for (const directory of [...ancestors(path), path]) {
    const host = `${options.root}/${directory}`
    if (isRealDirectory(host)) continue
    removeTree(host, options.trash)
    mkdirSync(host, { mode: 0o755 })
    if (options.owner !== null) chownSync(host, options.owner.uid, options.owner.gid)
  }
}

const rewrite = (options: RestoreOptions, path: string, entry: ManifestEntry, seen: bigint) => {
  const host = `${options.root}/${path}`
  const parent = ancestors(path).at(-1)
  if (parent !== undefined) makeDirectory(options, parent)
  removeTree(host, options.trash)
  if (isUnread(entry.content)) return void options.manifest.delete(path)
  if (entry.content.kind === "symlink") {
    symlinkSync(options.blobs.read(entry.content.sha256).toString(), host)
    if (options.owner !== null) lchownSync(host, options.owner.uid, options.owner.gid)
  } else {
    const mode = entry.masked ? 0o444 : entry.mode
    if (entry.content.size === 0) options.blobs.put(entry.content.sha256, new Uint8Array())
    options.blobs.write(entry.content.sha256, host, mode)
    chmodSync(host, mode)
    if (options.owner !== null) chownSync(host, options.owner.uid, options.owner.gid)
  }
  const stat = lookAt(host)
  if (stat === undefined) return
  entry.ino = stat.ino
  entry.ctime = stat.ctimeNs
  entry.seen = seen
}

/** Makes the mount points anew where a call moved or removed them; one whose parent is no directory any more is left out. */
export const makePoints = (options: Omit<RestoreOptions, "blobs" | "manifest" | "directories" | "trash">): void => {
  for (const point of options.points) {
    for (const directory of [...ancestors(point), point]) {
      const host = `${options.root}/${directory}`
      const stat = lookAt(host)
      if (stat?.isDirectory() === true) continue
      if (stat !== undefined) break
      mkdirSync(host, { mode: 0o755 })
      if (options.owner !== null) chownSync(host, options.owner.uid, options.owner.gid)
    }
  }
}

/** Removes every entry the accepted state does not know, in whatever number. */
export const purge = (options: RestoreOptions): void => {
  const visit = (directory: string) => {
    const prefix = directory === "" ? "" : `${directory}/`
    const host = `${options.root}/${prefix}`
    chmodSync(host, directory === "" ? 0o700 : 0o755)
    for (const name of readdirSync(host, { encoding: "buffer" })) {
      const path = prefix + name.toString()
      const at = Buffer.concat([Buffer.from(host), name])
      if (options.points.has(path)) continue
      if (options.directories.has(path) && lstatSync(at).isDirectory()) visit(path)
      else if (!options.manifest.has(path) || lstatSync(at).isDirectory()) removeTree(at, options.trash)
    }
  }
  visit("")
}

/** Undoes what a scan found: the stage is the accepted state again, empty directories and mount points included. */
export const restore = (options: RestoreOptions, scanned: Scanned): void => {
  const { directories, manifest, points, root, trash } = options
  const seen = BigInt(Date.now()) * 1_000_000n
  const keep = new Set([...points].flatMap(ancestors))
  for (const one of scanned.foreign) {
    if (points.has(one.staged)) emptyPoint(options, one.staged)
    else if (!manifest.has(one.staged) && !directories.has(one.staged) && !keep.has(one.staged)) remove(one.host, trash)
  }
  for (const path of scanned.found.keys()) if (!manifest.has(path)) remove(`${root}/${path}`, trash)
  const fresh = [...scanned.directories].filter((path) => !directories.has(path) && !keep.has(path)).toSorted(byPath)
  for (const path of fresh) if (isRealDirectory(`${root}/${path}`)) removeTree(`${root}/${path}`, trash)
  for (const path of [...directories].toSorted(byPath)) makeDirectory(options, path)
  const changed = new Set([...scanned.gone, ...scanned.found.keys(), ...scanned.foreign.map((one) => one.staged)])
  for (const path of changed) {
    const entry = manifest.get(path)
    if (entry !== undefined) rewrite(options, path, entry, seen)
  }
  makePoints(options)
}

const remove = (host: Buffer | string, trash: string) => {
  try {
    lstatSync(host)
  } catch {
    return
  }
  removeTree(host, trash)
}

const emptyPoint = (options: RestoreOptions, path: string) => {
  removeTree(`${options.root}/${path}`, options.trash)
  mkdirSync(`${options.root}/${path}`, { mode: 0o755 })
  if (options.owner !== null) chownSync(`${options.root}/${path}`, options.owner.uid, options.owner.gid)
}
