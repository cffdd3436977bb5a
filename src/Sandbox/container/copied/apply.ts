import { spawnSync } from "node:child_process"
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync
} from "node:fs"
import { systemDirectories } from "../baseImage/programs.ts"
import type { Entry, ReadAt } from "./entries.ts"

const pieceBytes = 1 << 20
const typeOf = (stat: Stats | undefined): Entry["kind"] | undefined =>
  stat === undefined
    ? undefined
    : stat.isDirectory()
    ? "directory"
    : stat.isFile()
    ? "file"
    : stat.isSymbolicLink()
    ? "symlink"
    : "special"

/** A name of the file system, whatever its bytes are. */
const bytesOf = (root: string, path: string): Buffer =>
  path === "" ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")])

const look = (path: Buffer): Stats | undefined => lstatSync(path, { throwIfNoEntry: false })

/** Removes whatever it is, without following it. */
const removeWhole = (path: Buffer): void => {
  if (look(path)?.isDirectory() !== true) return unlinkSync(path)
  chmodSync(path, 0o700)
  for (const name of readdirSync(path, { encoding: "buffer" })) {
    removeWhole(Buffer.concat([path, Buffer.from("/"), name]))
  }
  rmSync(path, { recursive: true })
}

const same = (file: number, entry: Entry, read: ReadAt): boolean => {
  const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, entry.size)))
  for (let at = 0; at < entry.size;) {
    const got = readSync(file, piece, 0, Math.min(piece.length, entry.size - at), at)
    if (got === 0 || !piece.subarray(0, got).equals(read(entry.at + at, got))) return false
    at += got
  }
  return true
}

const fill = (file: number, entry: Entry, read: ReadAt): void => {
  for (let at = 0; at < entry.size;) {
    const piece = read(entry.at + at, Math.min(pieceBytes, entry.size - at))
    for (let written = 0; written < piece.length;) written += writeSync(file, piece, written)
    at += piece.length
  }
}

/** Who owns what is made; undefined where that is whoever we are. */
export type Owner = { readonly uid: number; readonly gid: number } | undefined

const putFile = (path: Buffer, entry: Entry, read: ReadAt, owner: Owner): void => {
  const before = look(path)
  if (before !== undefined && (before.mode & 0o600) !== 0o600) chmodSync(path, before.mode | 0o600)
  if (before !== undefined && before.nlink === 1) {
    const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW)
    try {
      if (before.size !== entry.size || !same(file, entry, read)) {
        ftruncateSync(file, 0)
        fill(file, entry, read)
      }
      fchmodSync(file, entry.mode)
    } finally {
      closeSync(file)
    }
    return
  }
  if (before !== undefined) unlinkSync(path)
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    fill(file, entry, read)
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid)
    fchmodSync(file, entry.mode)
  } finally {
    closeSync(file)
  }
}

/** Stands for whatever is neither file, directory nor link, so that whoever looks sees that there is such a thing. */
const putPipe = (path: Buffer): void => {
  const line = "mkfifo -- \"$(printf %b \"$1\")\""
  const escaped = [...path].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("")
  const { status } = spawnSync("/bin/sh", ["-c", line, "sh", escaped], { env: { PATH: systemDirectories.join(":") } })
  if (status !== 0) throw new Error("a pipe that the command made cannot be made here")
}

/**
 * Makes a directory what an archive says, in place: what is the same stays as it is. No process may be at work in it; nothing outside is
 * touched, since every parent is a directory of this tree, made or looked at on the way.
 */
export const apply = (
  root: string,
  entries: ReadonlyMap<string, Entry>,
  read: ReadAt,
  owner: Owner
): void => {
  const drop = (below: string): void => {
    const directory = bytesOf(root, below)
    const stat = look(directory)!
    if ((stat.mode & 0o700) !== 0o700) chmodSync(directory, stat.mode | 0o700)
    for (const name of readdirSync(directory, { encoding: "latin1" })) {
      const path = below === "" ? name : `${below}/${name}`
      const kind = typeOf(look(bytesOf(root, path)))
      if (entries.get(path)?.kind !== kind) removeWhole(bytesOf(root, path))
      else if (kind === "directory") drop(path)
    }
  }
  drop("")
  for (const entry of entries.values()) {
    const path = bytesOf(root, entry.path)
    const found = typeOf(look(path))
    if (entry.kind === "file") putFile(path, entry, read, owner)
    else if (entry.kind === "directory") {
      if (found === undefined) mkdirSync(path, { mode: 0o700 })
      if (found === undefined && owner !== undefined) lchownSync(path, owner.uid, owner.gid)
    } else if (entry.kind === "symlink") {
      const target = Buffer.from(entry.target, "latin1")
      if (found !== undefined && readlinkSync(path, { encoding: "buffer" }).equals(target)) continue
      if (found !== undefined) unlinkSync(path)
      symlinkSync(target, path)
      if (owner !== undefined) lchownSync(path, owner.uid, owner.gid)
    } else if (found === undefined) {
      putPipe(path)
      if (owner !== undefined) lchownSync(path, owner.uid, owner.gid)
    }
  }
  // Last and from the inside: one may not be entered any more.
  for (const entry of [...entries.values()].toReversed()) {
    if (entry.kind === "directory") chmodSync(bytesOf(root, entry.path), entry.mode)
  }
}
