import { type BigIntStats, chmodSync, closeSync, lstatSync, readdirSync, readlinkSync } from "node:fs"
import type { Content } from "../../domain/Change.ts"
import { hashOf, openStaged, sha256 } from "../files.ts"
import { refuseLink } from "../links.ts"
import { type Manifest, type ManifestEntry, sameContent } from "../Manifest.ts"
import { display, refuseName, refusePath } from "../names.ts"
import { type Foreign, isUnread, maxNew, type Scanned, unreadMark } from "../scan.ts"
import { isWhiteout } from "./Layer.ts"
import type { Lower } from "./Lower.ts"
import type { Mask } from "./Mask.ts"
import type { View } from "./View.ts"

/** An upper directory and what it lies over: the session's layer with its manifest, and the project. */
export interface ScanUpperOptions {
  readonly upper: string
  readonly session: string
  readonly manifest: Manifest
  readonly view: View
  readonly lower: Lower
  readonly mask: Mask
  readonly points: ReadonlySet<string>
  readonly maxFileBytes: number
  readonly isOpaque: (host: string) => boolean
}

/** What an upper directory says: besides what every scan finds, contents before, files that say nothing new, and whether anything but plain directories is in it. */
export interface ScannedUpper extends Scanned {
  readonly before: ReadonlyMap<string, Content>
  readonly same: ReadonlySet<string>
  readonly marks: boolean
}

/** Compares an upper directory with what lies below it: `lstat` and reads that follow nothing. Costs what was changed, not what there is. */
export const scanUpper = (options: ScanUpperOptions): ScannedUpper => {
  const { isOpaque, lower, manifest, mask, points, session, upper, view } = options
  const layers = [session]
  const found = new Map<string, ManifestEntry>()
  const before = new Map<string, Content>()
  const large = new Set<string>()
  const same = new Set<string>()
  const gone = new Set<string>()
  const directories = new Set<string>()
  const foreign: Array<Foreign> = []
  const seen = BigInt(Date.now()) * 1_000_000n
  let fresh = 0
  let marks = false
  let links = false

  const forbid = (path: string, why: string, host: Buffer | string = `${upper}/${path}`) =>
    void foreign.push({ path: display(path), why, host, staged: path })

  const contentBelow = (path: string): Content | undefined => manifest.get(path)?.content ?? lower.contentOf(path)

  const lose = (path: string) => {
    if (mask.secrets.has(path) && !manifest.has(path)) return forbid(path, "it is a secret")
    const content = contentBelow(path)
    if (content === undefined) return
    links ||= content.kind === "symlink"
    before.set(path, content)
    gone.add(path)
  }

  const loseAll = (path: string) => {
    const below = view.find(layers, path)
    if (below === undefined) return
    if (!below.isDirectory) return lose(path)
    for (const one of view.below(layers, path)) lose(one)
  }

  const settle = (path: string, content: Content, stat: BigIntStats) => {
    const was = view.find(layers, path)
    if (was?.isDirectory === true) loseAll(path)
    const old = was === undefined || was.isDirectory ? undefined : contentBelow(path)
    if (was !== undefined && !was.isDirectory && mask.secrets.has(path) && !manifest.has(path)) {
      return content.kind === "file" && content.size === 0 ? void same.add(path) : forbid(path, "it is a secret")
    }
    if (old !== undefined && sameContent(old, content)) return void same.add(path)
    links ||= content.kind === "symlink" || old?.kind === "symlink"
    if (old !== undefined) before.set(path, old)
    found.set(path, {
      content,
      mode: Number(stat.mode & 0o777n) | 0o600,
      masked: false,
      ignored: manifest.get(path)?.ignored ?? false,
      ino: stat.ino,
      ctime: stat.ctimeNs,
      seen,
      visit: 0
    })
  }

  const file = (path: string, stat: BigIntStats) => {
    const size = Number(stat.size)
    const executable = (stat.mode & 0o100n) !== 0n
    if ((stat.mode & 0o6000n) !== 0n) return forbid(path, "it is setuid or setgid")
    const was = size > options.maxFileBytes ? contentBelow(path) : undefined
    if (size > options.maxFileBytes && (was === undefined || was.size !== size || isUnread(was))) {
      large.add(path)
      return settle(path, { kind: "file", executable, size, sha256: unreadMark(stat) }, stat)
    }
    const fd = openStaged(`${upper}/${path}`, Number(stat.mode))
    const content = { kind: "file", executable, size, sha256: hashOf(fd, size) } as const
    closeSync(fd)
    settle(path, content, stat)
  }

  const point = (path: string, stat: BigIntStats) => {
    if (!stat.isDirectory()) return forbid(path, "it stands in the place of a read-only tree")
    if ((stat.mode & 0o700n) !== 0o700n) chmodSync(`${upper}/${path}`, 0o755)
    if (readdirSync(`${upper}/${path}`).length > 0) forbid(path, "it lies in the place of a read-only tree")
  }

  const walk = (directory: string, hidden: boolean): boolean => {
    const prefix = directory === "" ? "" : `${directory}/`
    const host = directory === "" ? upper : `${upper}/${directory}`
    const names = readdirSync(host)
    if (names.some((name) => name.includes("\ufffd"))) {
      for (const name of readdirSync(host, { encoding: "buffer" })) {
        if (Buffer.from(name.toString()).equals(name)) continue
        forbid(prefix + name.toString(), "its name is not UTF-8", Buffer.concat([Buffer.from(`${host}/`), name]))
      }
    }
    for (const name of names) {
      const path = prefix + name
      const stat = lookable(`${upper}/${path}`)
      if (stat === undefined) continue
      if (isWhiteout(stat)) {
        marks = true
        loseAll(path)
        continue
      }
      if (points.has(path)) {
        point(path, stat)
        continue
      }
      const below = view.find(layers, path)
      if (below === undefined && ++fresh > maxNew) {
        forbid(prefix === "" ? path : directory, `it adds more than ${maxNew} entries`)
        return false
      }
      const why = below === undefined ? refuseName(name) ?? refusePath(path) : undefined
      if (why !== undefined) forbid(path, why)
      else if (!stat.isDirectory()) leaf(path, stat)
      else if (!enter(path, stat, hidden, below?.isDirectory)) return false
    }
    return true
  }

  const leaf = (path: string, stat: BigIntStats) => {
    if (stat.isFile()) return file(path, stat)
    if (!stat.isSymbolicLink()) return forbid(path, "it is a device, a FIFO or a socket")
    const target = Buffer.from(readlinkSync(`${upper}/${path}`))
    settle(path, { kind: "symlink", executable: false, size: target.length, sha256: sha256(target) }, stat)
  }

  const enter = (path: string, stat: BigIntStats, hiddenAbove: boolean, below: boolean | undefined): boolean => {
    if ((stat.mode & 0o7777n & ~0o77n) !== 0o700n) chmodSync(`${upper}/${path}`, 0o755)
    directories.add(path)
    const opaque = isOpaque(`${upper}/${path}`)
    marks ||= opaque
    const hidden = hiddenAbove || opaque
    if (below === false) lose(path)
    if (below === true && hidden) {
      const kept = new Set(readdirSync(`${upper}/${path}`))
      for (const name of view.names(layers, path)) if (!kept.has(name)) loseAll(`${path}/${name}`)
    }
    return walk(path, hidden)
  }

  if ((lstatSync(upper).mode & 0o7700) !== 0o700) chmodSync(upper, 0o700)
  const whole = walk("", false)
  if (links && whole) checkLinks()
  return { found, large, gone: [...gone], directories, foreign, whole, before, same, marks }

  // Whether a link leaves depends on every other link, so that one that changes makes all of them worth a look.
  function checkLinks() {
    const look = view.look([upper, session])
    const all = new Set(mask.links)
    for (const some of [manifest, found]) {
      for (const [path, entry] of some) if (entry.content.kind === "symlink") all.add(path)
    }
    for (const path of all) {
      const at = look(path)
      const why = typeof at === "object" ? refuseLink(path, at.link, look) : undefined
      if (why !== undefined) forbid(path, why)
    }
  }
}

// A name that is not UTF-8 was reported in bytes.
const lookable = (host: string): BigIntStats | undefined => lstatSync(host, { bigint: true, throwIfNoEntry: false })
