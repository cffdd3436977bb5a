import { closeSync, fstatSync, readdirSync, readlinkSync, readSync } from "node:fs"
import type { Content } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { type Entry, PathRefused } from "../Workspace.ts"
import * as Beneath from "./beneath.ts"
import { lookAt, openRegular } from "./files.ts"
import { type Look, resolve } from "./links.ts"
import { byPath, display, isReserved, nameOf, parentOf, refusePath } from "./names.ts"

/** A host directory and the way from there. */
export interface Place {
  readonly root: string
  readonly path: string
}

/** The trees a reader sees as one: those of the stage, and in it the project's dependency trees. */
export interface ReadOptions {
  /** The host directory a path is to be looked up in and the way to it from there; undefined where it is in none. */
  readonly placeOf: (path: string) => Place | undefined
  /** The names of a directory, where no single tree has all of them. */
  readonly namesOf?: (directory: string) => Iterable<string>
  readonly inTree: (path: string) => boolean
  readonly isTree: (path: string) => boolean
  readonly isMasked: (path: string) => boolean
  readonly isIgnored: (path: string) => boolean
}

const defaultBytes = 1 << 20

const refused = (path: string, reason: PathRefused["reason"]) => new PathRefused({ path: display(path), reason })

const hostOf = (options: ReadOptions, path: string): string | undefined => {
  const place = options.placeOf(path)
  return place === undefined ? undefined : place.path === "" ? place.root : `${place.root}/${place.path}`
}

const statOf = (options: ReadOptions, path: string) => {
  const host = hostOf(options, path)
  return host === undefined ? undefined : lookAt(host)
}

const lookOf = (options: ReadOptions): Look => (path) => {
  const host = hostOf(options, path)
  const stat = host === undefined ? undefined : lookAt(host)
  if (host === undefined || stat === undefined) return "missing"
  if (stat.isSymbolicLink()) return { link: readlinkSync(host) }
  return stat.isDirectory() ? "directory" : "other"
}

const inside = (path: ProjectPath): string => (path === "." ? "" : path)

/** Follows a path to what it names inside the project; throws `PathRefused`. */
const follow = (options: ReadOptions, path: string): string => {
  if (path !== "" && refusePath(path) === "it leaves the project") throw refused(path, "leaves the project")
  const led = resolve(path, lookOf(options))
  if ("refused" in led) throw refused(path, led.refused)
  return led.path
}

const missing = new Set(["ENOENT", "ENOTDIR", "ELOOP"])

// Opens through real directories only, also where the project is changed by someone else meanwhile.
const opened = <A>(options: ReadOptions, path: string, asked: string, use: (fd: number) => A): A => {
  const place = options.placeOf(path)
  if (place === undefined) throw refused(asked, "not found")
  return Beneath.within(place.root, (beneath) => {
    const prefix = beneath.enter(parentOf(place.path))
    if (prefix === undefined) throw refused(asked, "not found")
    try {
      const fd = openRegular(`${prefix}/${nameOf(place.path)}`)
      if (fd === undefined) throw refused(asked, "special file")
      try {
        return use(fd)
      } finally {
        closeSync(fd)
      }
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === "ENXIO") throw refused(asked, "special file")
      throw missing.has(String(code)) ? refused(asked, "not found") : cause
    }
  })
}

/** A file's bytes; throws `PathRefused`. A secret reads as empty. */
export const read = (
  options: ReadOptions,
  asked: ProjectPath,
  { maxBytes = defaultBytes, offset = 0 }: { readonly offset?: number; readonly maxBytes?: number }
): { readonly bytes: Uint8Array; readonly size: number } => {
  const path = follow(options, inside(asked))
  if (path === "" || lookOf(options)(path) === "directory") throw refused(asked, "is a directory")
  if (options.isMasked(path)) return { bytes: new Uint8Array(), size: 0 }
  return opened(options, path, asked, (fd) => {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.max(0, Math.min(maxBytes, size - offset)))
    let at = 0
    while (at < bytes.length) {
      const count = readSync(fd, bytes, at, bytes.length - at, offset + at)
      if (count === 0) break
      at += count
    }
    return { bytes: bytes.subarray(0, at), size }
  })
}

const entryAt = (options: ReadOptions, path: string): Entry | undefined => {
  const stat = statOf(options, path)
  if (stat === undefined) return undefined
  const kind: Content["kind"] = stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "symlink" : "file"
  return {
    path: ProjectPath.make(path === "" ? "." : path),
    kind,
    size: kind === "directory" || options.isMasked(path) ? 0 : Number(stat.size),
    ignored: options.inTree(path) || options.isIgnored(path)
  }
}

/** What a path is, its own last component not followed; undefined when there is nothing. Throws `PathRefused` for one that leaves. */
export const stat = (options: ReadOptions, asked: ProjectPath): Entry | undefined => {
  const path = inside(asked)
  if (path === "") return entryAt(options, "")
  try {
    const parent = follow(options, parentOf(path))
    const name = nameOf(path)
    if (isReserved(name) || name === ".." || name === ".") return undefined
    return entryAt(options, parent === "" ? name : `${parent}/${name}`)
  } catch (cause) {
    if (cause instanceof PathRefused && cause.reason !== "leaves the project") return undefined
    throw cause
  }
}

const namesIn = (options: ReadOptions, directory: string): ReadonlyArray<string> => {
  const host = hostOf(options, directory)
  if (options.namesOf !== undefined && !options.inTree(directory)) return [...options.namesOf(directory)]
  return host === undefined ? [] : readdirSync(host)
}

/** A directory's entries by path, at most `limit`; a dependency tree is named but not gone into unless it is asked for. */
export const list = (
  options: ReadOptions,
  asked: ProjectPath,
  { limit, recursive }: { readonly recursive: boolean; readonly limit: number }
): { readonly entries: ReadonlyArray<Entry>; readonly cut: boolean } => {
  const top = follow(options, inside(asked))
  if (top !== "" && lookOf(options)(top) !== "directory") throw refused(asked, "not a directory")
  const entries: Array<Entry> = []
  let cut = false
  const visit = (directory: string) => {
    const prefix = directory === "" ? "" : `${directory}/`
    for (const name of namesIn(options, directory).toSorted(byPath)) {
      const path = prefix + name
      if (isReserved(name) || refusePath(path) !== undefined) continue
      if (entries.length >= limit) return void (cut = true)
      const entry = entryAt(options, path)
      if (entry === undefined) continue
      entries.push(entry)
      if (recursive && entry.kind === "directory" && !options.isTree(path)) visit(path)
      if (cut) return
    }
  }
  visit(top)
  return { entries, cut }
}
