import { execFileSync } from "node:child_process"
import {
  type BigIntStats,
  chownSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  unlinkSync
} from "node:fs"
import { lookAt, removeTree } from "../files.ts"
import type { Owner } from "../fill.ts"
import { ancestors, parentOf } from "../names.ts"

/** How an overlay says that something of a lower layer is not there: a character device 0:0 in its place. */
export const isWhiteout = (stat: { readonly rdev: bigint; isCharacterDevice(): boolean }): boolean =>
  stat.isCharacterDevice() && stat.rdev === 0n

/** Makes whiteouts; making the node takes a program, further names of it only a link. */
export interface Whiteouts {
  readonly at: (host: string | Buffer) => void
}

const programs = { env: { PATH: "/usr/bin:/bin:/run/current-system/sw/bin" }, stdio: "ignore" } as const

/** `directory` takes the nodes. An ordinary user may make this one device since Linux 5.8. */
export const whiteouts = (directory: string): Whiteouts => {
  let node: string | undefined
  let count = 0
  const make = () => {
    node = `${directory}/whiteout-${count++}`
    execFileSync("mknod", ["-m", "000", node, "c", "0", "0"], programs)
    return node
  }
  return {
    at: (host) => {
      try {
        linkSync(node ?? make(), host)
      } catch (cause) {
        // A file system bounds how many names one node has.
        if ((cause as NodeJS.ErrnoException).code !== "EMLINK") throw cause
        linkSync(make(), host)
      }
    }
  }
}

/** What the kernel makes layers with. */
export interface LayerTools {
  readonly trash: string
  readonly owner: Owner
  readonly whiteouts: Whiteouts
}

/** Makes a directory for the user who runs commands, and nobody else. */
export const makeOwned = (path: string, owner: Owner): string => {
  mkdirSync(path, { mode: 0o700 })
  if (owner !== null) chownSync(path, owner.uid, owner.gid)
  return path
}

/** One layer of an overlay that the kernel writes itself: files, directories and whiteouts, no other marks. */
export class Layer {
  readonly root: string
  private readonly trash: string
  private readonly owner: Owner
  private readonly whiteouts: Whiteouts

  constructor(root: string, tools: LayerTools) {
    this.root = root
    this.trash = tools.trash
    this.owner = tools.owner
    this.whiteouts = tools.whiteouts
  }

  private own(host: string): void {
    if (this.owner !== null) chownSync(host, this.owner.uid, this.owner.gid)
  }

  /** What this layer has in a path's place, ancestors that are no directories not looked through. */
  look(path: string): BigIntStats | undefined {
    return lookAt(`${this.root}/${path}`)
  }

  /** Makes a directory and those above it, whatever stands in the way. */
  directory(path: string): void {
    for (const one of path === "" ? [] : [...ancestors(path), path]) {
      if (this.look(one)?.isDirectory() === true) continue
      this.remove(one)
      mkdirSync(`${this.root}/${one}`, { mode: 0o755 })
      this.own(`${this.root}/${one}`)
    }
  }

  /** Takes an entry out of this layer. */
  remove(path: string): void {
    if (lookAt(`${this.root}/${path}`) !== undefined) removeTree(`${this.root}/${path}`, this.trash)
  }

  /** Makes a path, and all below it, be not there, whatever lower layers have. */
  hide(path: string): void {
    const stat = this.look(path)
    if (stat !== undefined && isWhiteout(stat)) return
    this.directory(parentOf(path))
    this.remove(path)
    this.whiteouts.at(`${this.root}/${path}`)
  }

  /** The same for a name that is not UTF-8. */
  hideBytes(directory: string, name: Buffer): void {
    this.directory(directory)
    const host = Buffer.concat([Buffer.from(`${this.root}/${directory}/`), name])
    if (lstatSync(host, { throwIfNoEntry: false }) === undefined) this.whiteouts.at(host)
  }

  /** Lets lower layers be seen again where they were hidden. */
  show(path: string): void {
    const stat = this.look(path)
    if (stat !== undefined && isWhiteout(stat)) unlinkSync(`${this.root}/${path}`)
  }

  /** Takes every whiteout below a directory out of this layer, and tells which they were. */
  unhideBelow(directory: string): ReadonlyArray<string> {
    const stat = this.look(directory)
    if (stat === undefined) return []
    if (isWhiteout(stat)) {
      unlinkSync(`${this.root}/${directory}`)
      return [directory]
    }
    if (!stat.isDirectory()) return []
    return readdirSync(`${this.root}/${directory}`).flatMap((name) => this.unhideBelow(`${directory}/${name}`))
  }

  /** Lays an empty file, which nobody may write, over a path. */
  empty(path: string): void {
    this.directory(parentOf(path))
    this.remove(path)
    const host = `${this.root}/${path}`
    closeSync(openSync(host, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o444))
    this.own(host)
  }
}
