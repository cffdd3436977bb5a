import { type BigIntStats, chmodSync, closeSync, lstatSync, readdirSync, readlinkSync } from "node:fs"
import type { Content, Forbidden } from "../domain/Change.ts"
import { hashOf, holds, openStaged, sha256 } from "./files.ts"
import { lookIn } from "./fill.ts"
import { refuseLink } from "./links.ts"
import { type Manifest, type ManifestEntry, sameContent } from "./Manifest.ts"
import { display, refuseName, refusePath } from "./names.ts"

/** What a scan compares with. `points` are the mount points, empty directories of the kernel's own. */
export interface ScanOptions {
  readonly root: string
  readonly times: boolean
  readonly maxFileBytes: number
  readonly points: ReadonlySet<string>
  readonly isSecret: (path: string) => boolean
  /** An accepted content kept at hand: comparing bytes is quicker than hashing them. */
  readonly held: (sha: string) => Buffer | undefined
}

/** An entry the kernel takes no part of; `host` is its path on the host in bytes, for its removal. */
export interface Foreign extends Forbidden {
  readonly host: Buffer | string
  readonly staged: string
}

/** What differs from the manifest: new and changed entries, vanished paths, and what may not be taken. */
export interface Scanned {
  readonly found: ReadonlyMap<string, ManifestEntry>
  /** New files over the size limit; forbidden unless git ignores them. */
  readonly large: ReadonlySet<string>
  readonly gone: ReadonlyArray<string>
  readonly directories: ReadonlySet<string>
  readonly foreign: ReadonlyArray<Foreign>
  /** False when there was too much to look at all of it. */
  readonly whole: boolean
}

/** New entries of one change set that are looked at. */
export const maxNew = 20_000

// Change times advance by ticks of up to 10 ms; a file changed this close before it was looked at may have changed again unseen.
const racy = 20_000_000n

const decode = (root: string, directory: string): ReadonlyArray<Buffer> =>
  readdirSync(`${root}/${directory}`, { encoding: "buffer" }).filter((name) =>
    !Buffer.from(name.toString()).equals(name)
  )

const unread = "unread "

/** What stands for the hash of a file too large to be read. */
export const unreadMark = (stat: BigIntStats): string => `${unread}${stat.ino} ${stat.ctimeNs}`

/** Whether a content was too large to be read: its hash is a mark of the file instead. */
export const isUnread = (content: Content): boolean => content.sha256.startsWith(unread)

let visits = 0

/** Compares a stage with its manifest: `lstat` and reads that follow nothing. Only while no process of the stage lives. */
export const scan = (options: ScanOptions, manifest: Manifest, known: ReadonlySet<string>): Scanned => {
  const { points, root } = options
  const found = new Map<string, ManifestEntry>()
  const large = new Set<string>()
  const directories = new Set<string>()
  const foreign: Array<Foreign> = []
  const visit = ++visits
  const seen = BigInt(Date.now()) * 1_000_000n
  let met = 0
  let fresh = 0

  const forbid = (path: string, why: string, host: Buffer | string = `${root}/${path}`) =>
    void foreign.push({ path: display(path), why, host, staged: path })

  const entryOf = (content: Content, stat: BigIntStats, was: ManifestEntry | undefined): ManifestEntry => ({
    content,
    mode: Number(stat.mode & 0o777n) | 0o600,
    masked: false,
    ignored: was?.ignored ?? false,
    ino: stat.ino,
    ctime: stat.ctimeNs,
    seen,
    visit
  })

  const settle = (path: string, was: ManifestEntry | undefined, content: Content, stat: BigIntStats) => {
    if (was === undefined || !sameContent(was.content, content)) {
      if (was?.masked === true) return forbid(path, "it is a secret")
      return void found.set(path, entryOf(content, stat, was))
    }
    was.ino = stat.ino
    was.ctime = stat.ctimeNs
    was.seen = seen
  }

  const file = (path: string, stat: BigIntStats, was: ManifestEntry | undefined) => {
    const size = Number(stat.size)
    const executable = (stat.mode & 0o100n) !== 0n
    if ((stat.mode & 0o6000n) !== 0n) return forbid(path, "it is setuid or setgid")
    const isLarge = size > options.maxFileBytes && (size !== was?.content.size || isUnread(was.content))
    if (isLarge) {
      large.add(path)
      return settle(path, was, { kind: "file", executable, size, sha256: unreadMark(stat) }, stat)
    }
    const fd = openStaged(`${root}/${path}`, Number(stat.mode))
    const held = was?.content.size === size ? options.held(was.content.sha256) : undefined
    const sha = held !== undefined && was !== undefined && holds(fd, held) ? was.content.sha256 : hashOf(fd, size)
    closeSync(fd)
    const now = (stat.mode & 0o400n) === 0n ? lstatSync(`${root}/${path}`, { bigint: true }) : stat
    settle(path, was, { kind: "file", executable, size, sha256: sha }, now)
  }

  const leaf = (path: string, stat: BigIntStats) => {
    const was = manifest.get(path)
    if (was !== undefined) {
      was.visit = visit
      met++
      const same = was.ino === stat.ino && was.ctime === stat.ctimeNs && was.content.size === Number(stat.size)
      const sure = options.times || was.content.kind === "symlink" || was.ignored
      if (same && sure && was.ctime < was.seen - racy) return
    }
    if (stat.isFile()) return file(path, stat, was)
    if (!stat.isSymbolicLink()) return forbid(path, "it is a device, a FIFO or a socket")
    const target = Buffer.from(readlinkSync(`${root}/${path}`))
    settle(path, was, { kind: "symlink", executable: false, size: target.length, sha256: sha256(target) }, stat)
  }

  const point = (path: string) => {
    const stat = lstatSync(`${root}/${path}`)
    if (!stat.isDirectory()) return forbid(path, "it stands in the place of a read-only tree")
    if ((stat.mode & 0o700) !== 0o700) chmodSync(`${root}/${path}`, 0o755)
    if (readdirSync(`${root}/${path}`).length > 0) forbid(path, "it lies in the place of a read-only tree")
  }

  const walk = (directory: string): boolean => {
    const prefix = directory === "" ? "" : `${directory}/`
    const names = readdirSync(`${root}/${directory}`)
    if (names.some((name) => name.includes("\ufffd"))) {
      for (const name of decode(root, directory)) {
        forbid(
          `${prefix}${name.toString()}`,
          "its name is not UTF-8",
          Buffer.concat([Buffer.from(`${root}/${prefix}`), name])
        )
      }
    }
    for (const name of names) {
      const path = prefix + name
      if (points.has(path)) {
        point(path)
        continue
      }
      const isNew = !manifest.has(path) && !known.has(path)
      if (isNew && ++fresh > maxNew) {
        forbid(prefix === "" ? path : directory, `it adds more than ${maxNew} entries`)
        return false
      }
      const why = isNew ? refuseName(name) ?? refusePath(path) : undefined
      if (why !== undefined) {
        if (lookable(path, name)) forbid(path, why)
        continue
      }
      const stat = lstatSync(`${root}/${path}`, { bigint: true })
      if (!stat.isDirectory()) {
        leaf(path, stat)
        continue
      }
      if ((stat.mode & 0o7777n & ~0o77n) !== 0o700n) chmodSync(`${root}/${path}`, 0o755)
      directories.add(path)
      if (!walk(path)) return false
    }
    return true
  }
  // A name that was not UTF-8 was reported in bytes.
  const lookable = (path: string, name: string) =>
    !name.includes("\ufffd") || lstatSync(`${root}/${path}`, { throwIfNoEntry: false }) !== undefined

  if ((lstatSync(root).mode & 0o7700) !== 0o700) chmodSync(root, 0o700)
  const whole = walk("")
  const gone = whole && met < manifest.size
    ? [...manifest].filter(([, entry]) => entry.visit !== visit).map(([path]) => path)
    : []
  for (const path of gone) if (manifest.get(path)?.masked === true) forbid(path, "it is a secret")
  if (found.size + gone.length > 0) checkLinks()
  return { found, large, gone, directories, foreign, whole }

  // Whether a link leaves depends on every other link and directory, so that one change makes all of them worth a look.
  function checkLinks() {
    const look = lookIn(root)
    const links = new Set(
      [...manifest, ...found].filter(([, entry]) => entry.content.kind === "symlink").map(([path]) => path)
    )
    for (const path of links) {
      const here = found.get(path) ?? manifest.get(path)
      const at = look(path)
      if (here?.content.kind !== "symlink" || typeof at !== "object") continue
      const why = refuseLink(path, at.link, look)
      if (why !== undefined) forbid(path, why)
    }
  }
}
