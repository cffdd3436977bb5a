import { createHash } from "node:crypto"
import { type BigIntStats, chmodSync, lchownSync, lstatSync, readdirSync, readlinkSync } from "node:fs"
import { join, posix } from "node:path"
import { maxBytes, maxEntries } from "./limits.ts"

/** What lies in a layer: told by names, kinds, modes, sizes, times and where links point. */
export interface Sum {
  readonly digest: string
  readonly entries: number
  readonly bytes: number
}

/** A tree that an install made, by its path in the folder, and where on the host it lies. */
export interface MadeTree {
  readonly path: string
  readonly host: string
}

class Refused extends Error {}

const refuse = (path: string, why: string): never => {
  throw new Refused(`${JSON.stringify(path.slice(0, 300))} ${why}`)
}

const line = (path: string, stat: BigIntStats, link: string) =>
  `${JSON.stringify(path)} ${stat.mode} ${stat.isDirectory() ? 0 : `${stat.size} ${stat.mtimeNs}`} ${
    JSON.stringify(link)
  }\n`

interface Visit {
  readonly before?: (path: string, host: string, stat: BigIntStats, link: string) => void
}

const visitAll = (trees: ReadonlyArray<MadeTree>, { before }: Visit): Sum => {
  const digest = createHash("sha256")
  let entries = 0
  let bytes = 0
  const visit = (path: string, host: string) => {
    const first = lstatSync(host, { bigint: true })
    if (++entries > maxEntries) refuse(path, `is one of more than ${maxEntries} entries`)
    const link = first.isSymbolicLink() ? readlinkSync(host) : ""
    before?.(path, host, first, link)
    const stat = before === undefined ? first : lstatSync(host, { bigint: true })
    if (stat.isFile() && (bytes += Number(stat.size)) > maxBytes) refuse(path, `is one of more than ${maxBytes} bytes`)
    digest.update(line(path, stat, link))
    if (!stat.isDirectory()) return
    for (const name of readdirSync(host).toSorted()) {
      if (name.includes("\ufffd")) refuse(`${path}/${name}`, "has a name that is not UTF-8")
      visit(`${path}/${name}`, `${host}/${name}`)
    }
  }
  for (const { host, path } of trees) visit(path, host)
  return { digest: digest.digest("hex"), entries, bytes }
}

const isBelow = (path: string, above: string) => path === above || path.startsWith(`${above}/`)

/** Where a link leads, seen from the folder: undefined where that is not plain from its text and the real folders it lies in. */
const leadsTo = (path: string, target: string): string | undefined => {
  const parts = target.split("/")
  const down = parts.findIndex((part) => part !== "..")
  // Up after down may lead through another link: only what goes up first is what it looks like.
  if (target.startsWith("/") || (down >= 0 && parts.slice(down).includes(".."))) return undefined
  const led = posix.normalize(posix.join(posix.dirname(path), target))
  return led === ".." || led.startsWith("../") ? undefined : led
}

/**
 * Makes what an install left read-only, and the kernel's own where that is root. A text says why it is not taken: only folders, files and
 * links to what is in the trees or `members` may be in it. Nobody else may have a hand on it meanwhile.
 */
export const seal = (trees: ReadonlyArray<MadeTree>, members: ReadonlyArray<string>): Sum | string => {
  const within = [...trees.map(({ path }) => path), ...members]
  const own = process.geteuid?.() === 0
  try {
    return visitAll(trees, {
      before: (path, host, stat, link) => {
        if (own) lchownSync(host, 0, 0)
        if (stat.isSymbolicLink()) {
          const to = leadsTo(path, link)
          if (to === undefined || !within.some((one) => isBelow(to, one))) {
            refuse(path, `is a link that leaves the tree, to ${JSON.stringify(link.slice(0, 300))}`)
          }
          return
        }
        if (!stat.isDirectory() && !stat.isFile()) refuse(path, "is a device, a FIFO or a socket")
        if (stat.isFile() && (stat.mode & 0o6000n) !== 0n) refuse(path, "is setuid or setgid")
        chmodSync(host, stat.isDirectory() || (stat.mode & 0o111n) !== 0n ? 0o555 : 0o444)
      }
    })
  } catch (cause) {
    if (cause instanceof Refused) return cause.message
    if ((cause as NodeJS.ErrnoException).code === "ENAMETOOLONG") return "it holds a path longer than this system takes"
    throw cause
  }
}

/** What is there now; undefined where that cannot be told. */
export const sumOf = (trees: ReadonlyArray<MadeTree>): Sum | undefined => {
  try {
    return visitAll(trees, {})
  } catch {
    return undefined
  }
}

/** Whether a path is a real folder: the kernel's own from then on where that is root, so that nobody else can change what lies in it. */
export const take = (path: string): boolean => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false
  if (process.geteuid?.() === 0) {
    lchownSync(path, 0, 0)
    chmodSync(path, 0o755)
  }
  return true
}

/** The trees that are there, each reached through real folders only, which are all taken. */
export const madeIn = (folder: string, trees: ReadonlyArray<string>): ReadonlyArray<MadeTree> =>
  !take(folder) ? [] : trees.flatMap((path) => {
    const parts = path.split("/")
    const real = parts.every((_, at) => take(join(folder, ...parts.slice(0, at + 1))))
    return real ? [{ path, host: join(folder, path) }] : []
  })
