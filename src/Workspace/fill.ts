import { Effect } from "effect"
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fchownSync,
  fstatSync,
  lchownSync,
  mkdirSync,
  openSync,
  readlinkSync,
  symlinkSync,
  unlinkSync
} from "node:fs"
import type { Content } from "../domain/Change.ts"
import { attempt } from "./attempt.ts"
import * as Beneath from "./beneath.ts"
import type { Blobs } from "./Blobs.ts"
import { chunkBytes, chunksOf, hashOf, lookAt, openRegular, openStaged, sha256, writeAll } from "./files.ts"
import { type Look, refuseLink } from "./links.ts"
import type { Manifest } from "./Manifest.ts"
import { ancestors, nameOf, parentOf } from "./names.ts"

/** A project file to be staged, as it was when it was measured. */
export interface Item {
  readonly path: string
  readonly link: boolean
  readonly size: number
}

/** Looks at the files of a listing; what is missing, special or not reached through real directories is left out. */
export const measure = (project: string, files: ReadonlyArray<string>): ReadonlyArray<Item> =>
  Beneath.within(project, (beneath) =>
    files.flatMap((path) => {
      const prefix = beneath.enter(parentOf(path))
      const stat = prefix === undefined ? undefined : lookAt(`${prefix}/${nameOf(path)}`)
      if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) return []
      return [{ path, link: stat.isSymbolicLink(), size: Number(stat.size) }]
    }))

/** Who the stage's entries belong to; null when that is the kernel's own user. */
export type Owner = { readonly uid: number; readonly gid: number } | null

/** Where and how a stage is filled. */
export interface FillOptions {
  readonly project: string
  readonly root: string
  readonly owner: Owner
  readonly blobs: Blobs
  readonly isSecret: (path: string) => boolean
}

/** Makes the directories above a staged path. */
const makeParents = (root: string, path: string, made: Set<string>, owner: Owner): void => {
  for (const directory of ancestors(path)) {
    if (made.has(directory)) continue
    mkdirSync(`${root}/${directory}`, { mode: 0o755 })
    if (owner !== null) chownSync(`${root}/${directory}`, owner.uid, owner.gid)
    made.add(directory)
  }
}

/** The staged tree as the symlink resolver sees it. */
export const lookIn = (root: string): Look => (path) => {
  const stat = lookAt(`${root}/${path}`)
  if (stat === undefined) return "missing"
  if (stat.isSymbolicLink()) return { link: readlinkSync(`${root}/${path}`) }
  return stat.isDirectory() ? "directory" : "other"
}

const emptySha = sha256(new Uint8Array())

const record = (
  manifest: Manifest,
  target: string,
  path: string,
  content: Content,
  masked: boolean,
  seen: bigint
) => {
  const stat = lookAt(target)
  if (stat === undefined) return
  manifest.set(path, {
    content,
    masked,
    ignored: false,
    mode: Number(stat.mode & 0o777n),
    ino: stat.ino,
    ctime: stat.ctimeNs,
    seen,
    visit: 0
  })
}

const copy = (options: FillOptions, source: number, target: string, size: number, mode: number): string => {
  if (size < chunkBytes) {
    const bytes = Buffer.concat([...chunksOf(source, 0, chunkBytes)])
    const sha = sha256(bytes)
    options.blobs.put(sha, bytes)
    const fd = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
    try {
      writeAll(fd, bytes)
      if (options.owner !== null) fchownSync(fd, options.owner.uid, options.owner.gid)
    } finally {
      closeSync(fd)
    }
    return sha
  }
  if (process.platform === "linux") {
    copyFileSync(`/proc/self/fd/${source}`, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  } else {
    const fd = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
    for (const chunk of chunksOf(source)) writeAll(fd, chunk)
    closeSync(fd)
  }
  chmodSync(target, mode)
  if (options.owner !== null) chownSync(target, options.owner.uid, options.owner.gid)
  const fd = openStaged(target, mode)
  const sha = hashOf(fd, size)
  closeSync(fd)
  options.blobs.putFile(sha, target, size, mode)
  return sha
}

const fillFile = (options: FillOptions, prefix: string, item: Item, manifest: Manifest, seen: bigint) => {
  const target = `${options.root}/${item.path}`
  if (options.isSecret(item.path)) {
    closeSync(openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o444))
    if (options.owner !== null) chownSync(target, options.owner.uid, options.owner.gid)
    const content = { kind: "file", executable: false, size: 0, sha256: emptySha } as const
    return record(manifest, target, item.path, content, true, seen)
  }
  const fd = openForCopy(`${prefix}/${nameOf(item.path)}`)
  if (fd === undefined) return
  try {
    const { mode: bits, size: length } = fstatSync(fd)
    const mode = (bits & 0o777) | 0o600
    const sha = copy(options, fd, target, length, mode)
    const size = Number(lookAt(target)?.size ?? 0)
    const content = { kind: "file", executable: (mode & 0o100) !== 0, size, sha256: sha } as const
    record(manifest, target, item.path, content, false, seen)
  } finally {
    closeSync(fd)
  }
}

// A file the kernel may not read is left out; one that became a link or went away since it was measured, too.
const openForCopy = (path: string): number | undefined => {
  try {
    return openRegular(path)
  } catch (cause) {
    if (["EACCES", "EPERM", "ENOENT", "ELOOP", "ENXIO"].includes(String((cause as NodeJS.ErrnoException).code))) {
      return undefined
    }
    throw cause
  }
}

const fillLinks = (
  options: FillOptions,
  links: ReadonlyArray<readonly [string, string]>,
  manifest: Manifest,
  seen: bigint
) => {
  const look = lookIn(options.root)
  for (const [path, target] of links) {
    symlinkSync(target, `${options.root}/${path}`)
    if (options.owner !== null) lchownSync(`${options.root}/${path}`, options.owner.uid, options.owner.gid)
  }
  const leaving = links.filter(([path, target]) => refuseLink(path, target, look) !== undefined)
  for (const [path] of leaving) unlinkSync(`${options.root}/${path}`)
  for (const [path, target] of links) {
    const bytes = Buffer.from(target)
    const content = { kind: "symlink", executable: false, size: bytes.length, sha256: sha256(bytes) } as const
    options.blobs.put(content.sha256, bytes)
    record(manifest, `${options.root}/${path}`, path, content, false, seen)
  }
}

const filesPerTurn = 256

/** Copies the items into an empty stage, some at a time so that it can be interrupted; symlinks that leave the project are left out. */
export const fill = Effect.fnUntraced(function*(options: FillOptions, items: ReadonlyArray<Item>) {
  const manifest: Manifest = new Map()
  const directories = new Set<string>()
  const links: Array<readonly [string, string]> = []
  const seen = BigInt(Date.now()) * 1_000_000n
  const turn = (some: ReadonlyArray<Item>) =>
    Beneath.within(options.project, (beneath) => {
      for (const item of some) {
        const prefix = beneath.enter(parentOf(item.path))
        if (prefix === undefined) continue
        makeParents(options.root, item.path, directories, options.owner)
        if (!item.link) fillFile(options, prefix, item, manifest, seen)
        else links.push([item.path, readlinkSync(`${prefix}/${nameOf(item.path)}`)])
      }
    })
  for (let at = 0; at < items.length; at += filesPerTurn) {
    yield* attempt("open a stage", "write", () => turn(items.slice(at, at + filesPerTurn)))
    yield* Effect.yieldNow()
  }
  yield* attempt("open a stage", "write", () => fillLinks(options, links, manifest, seen))
  return { manifest, directories }
})
