import { Effect, Schema } from "effect"
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { acquireRelease } from "../../internal/finalizer.ts"
import { isDead, self } from "../../internal/owner.ts"
import { type Layer, type Layers, LayersFailed, type Workplace } from "./Layers.ts"
import { removeTree } from "./removeTree.ts"
import { madeIn, seal, sumOf, take } from "./seal.ts"

const temporary = ".new-"
const marker = "layer.json"
const keyForm = /^[0-9a-f]{64}-[0-9a-f]{64}$/
const maxMarker = 1 << 20

const Marker = Schema.parseJson(Schema.Struct({
  key: Schema.String,
  trees: Schema.Array(Schema.String),
  digest: Schema.String,
  entries: Schema.Number,
  bytes: Schema.Number
}))
const decode = Schema.decodeUnknownSync(Marker)

const isRoot = () => process.geteuid?.() === 0

/** Another user, whose project root works on, has to get through to a layer; its name tells nothing. */
const passable = () => isRoot() ? 0o711 : 0o700

const owned = (directory: string): string => {
  mkdirSync(directory, { recursive: true, mode: passable() })
  const stat = lstatSync(directory)
  if (!stat.isDirectory() || stat.uid !== process.geteuid?.()) throw new Error(`${directory} is not the kernel's own`)
  if ((stat.mode & 0o777) !== passable()) chmodSync(directory, passable())
  return directory
}

const isOwned = (path: string): boolean => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.() && (stat.mode & 0o022) === 0
}

const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

const readMarker = (file: string): string => {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > maxMarker) throw new Error("no marker")
    return readFileSync(fd, "utf8")
  } finally {
    closeSync(fd)
  }
}

const treesOf = (directory: string, paths: ReadonlyArray<string>) =>
  paths.map((path, index) => ({ path, host: join(directory, String(index)) }))

const look = (directory: string, key: string): Layer | undefined => {
  try {
    const at = join(directory, key)
    if (!isOwned(at)) return undefined
    const said = decode(readMarker(join(at, marker)))
    const trees = treesOf(at, said.trees)
    const sum = sumOf(trees)
    if (said.key !== key || sum?.digest !== said.digest) return undefined
    return { key, trees, ...sum }
  } catch {
    return undefined
  }
}

const used = (directory: string, key: string) => {
  const now = new Date()
  utimesSync(join(directory, key, marker), now, now)
}

const prepare = (
  directory: string,
  user: { readonly uid: number; readonly gid: number },
  files: ReadonlyArray<{ readonly path: string; readonly bytes: Uint8Array }>
): Workplace => {
  const place = mkdtempSync(join(owned(directory), `${temporary}${self}.`))
  try {
    return fillPlace(place, user, files)
  } catch (cause) {
    removeTree(place)
    throw cause
  }
}

const isReachable = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (path === "/" || isReachable(dirname(path)))

const fillPlace = (
  place: string,
  user: { readonly uid: number; readonly gid: number },
  files: ReadonlyArray<{ readonly path: string; readonly bytes: Uint8Array }>
): Workplace => {
  const theirs: Array<string> = []
  const make = (path: string) => {
    mkdirSync(path, { mode: 0o700 })
    theirs.push(path)
    return path
  }
  chmodSync(place, passable())
  if (isRoot() && user.uid !== 0 && !isReachable(place)) {
    throw new Error(`the project's owner, uid ${user.uid}, cannot get to it (XDG_CACHE_HOME names another place)`)
  }
  const shown = make(join(place, "shown"))
  const folder = make(join(shown, "folder"))
  make(join(shown, "cache"))
  for (const { bytes, path } of files) {
    const parts = dirname(path).split("/").filter((part) => part !== ".")
    for (const [at] of parts.entries()) {
      const above = join(folder, ...parts.slice(0, at + 1))
      if (lstatSync(above, { throwIfNoEntry: false }) === undefined) make(above)
    }
    writeFileSync(join(folder, path), bytes, { mode: 0o600, flag: "wx" })
    theirs.push(join(folder, path))
  }
  // The outermost last: until then nobody gets to what root writes.
  if (isRoot()) { for (const path of theirs.toReversed()) chownSync(path, user.uid, user.gid) }
  return { shown, folder }
}

const keepOne = (
  directory: string,
  key: string,
  work: Workplace,
  wanted: ReadonlyArray<string>,
  members: ReadonlyArray<string>
): Layer | string => {
  const made = take(work.shown) ? madeIn(work.folder, wanted) : []
  if (made.length === 0) return "it made nothing"
  const sum = seal(made, members)
  if (typeof sum === "string") return sum
  const next = join(dirname(work.shown), "layer")
  mkdirSync(next, { mode: 0o755 })
  for (const [at, { host }] of made.entries()) {
    // To move a folder, its own entry for the one above has to be writable.
    chmodSync(host, 0o755)
    renameSync(host, join(next, String(at)))
    chmodSync(join(next, String(at)), 0o555)
  }
  const trees = made.map(({ path }) => path)
  writeFileSync(join(next, marker), JSON.stringify({ key, trees, ...sum }), { mode: 0o444, flag: "wx" })
  const at = join(directory, key)
  // Another session may have made the same meanwhile. What is damaged makes way.
  const quicker = look(directory, key)
  if (quicker !== undefined) return quicker
  if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) renameSync(at, join(dirname(work.shown), "damaged"))
  try {
    renameSync(next, at)
  } catch (cause) {
    if (!["ENOTEMPTY", "EEXIST"].includes(String((cause as NodeJS.ErrnoException).code))) throw cause
  }
  return look(directory, key) ?? "it was damaged while it was kept"
}

const failed = (directory: string) => (cause: unknown) =>
  new LayersFailed(`the folder of installed dependencies, ${directory}, cannot be used: ${(cause as Error).message}`)

/** Layers as folders of a directory that is the kernel's alone. */
export const onDisk = (directory: string): Layers => {
  const known = new Map<string, Layer>()
  const open = (key: string): Layer | undefined => {
    const before = known.get(key)
    const found = before !== undefined && isOwned(join(directory, key)) ? before : look(directory, key)
    if (found === undefined) known.delete(key)
    else {
      known.set(key, found)
      used(directory, key)
    }
    return found
  }
  return {
    mayHave: (digest) => Effect.sync(() => namesIn(directory).some((name) => name.startsWith(`${digest}-`))),
    open: (key) =>
      Effect.sync(() => keyForm.test(key) ? open(key) : undefined).pipe(
        Effect.catchAllDefect(() => Effect.void as Effect.Effect<undefined>)
      ),
    workplace: (user, files) =>
      acquireRelease(
        Effect.try({ try: () => prepare(directory, user, files), catch: failed(directory) }),
        ({ shown }) => Effect.ignoreLogged(Effect.try(() => removeTree(dirname(shown))))
      ),
    keep: (key, work, trees, members) =>
      Effect.try({
        try: () => {
          const kept = keepOne(directory, key, work, trees, members)
          if (typeof kept !== "string") known.set(key, kept)
          return kept
        },
        catch: failed(directory)
      })
  }
}

const removed = (path: string): boolean => {
  try {
    removeTree(path)
    return true
  } catch {
    // Another kernel may be at it too, and what cannot be removed now can be later.
    return false
  }
}

/** Removes what killed kernels left half made; how many there were. */
export const sweepLayers = (directory: string): Effect.Effect<number> =>
  Effect.sync(() =>
    namesIn(directory).filter((name) =>
      name.startsWith(temporary) && isDead(name.slice(temporary.length, name.lastIndexOf("."))) &&
      isOwned(join(directory, name)) && removed(join(directory, name))
    ).length
  )

/** Removes layers, least recently used first, until those that are left hold at most so many bytes. */
export const pruneLayers = (
  directory: string,
  most: number
): Effect.Effect<{ readonly removed: number; readonly bytes: number }> =>
  Effect.sync(() => {
    const all = namesIn(directory).filter((name) => keyForm.test(name) && isOwned(join(directory, name))).map((key) => {
      const file = join(directory, key, marker)
      const at = lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
      return { key, at, bytes: at === 0 ? 0 : bytesOf(file) }
    }).toSorted((a, b) => b.at - a.at)
    let left = 0
    let gone = 0
    let bytes = 0
    for (const one of all) {
      if (one.at !== 0 && left + one.bytes <= most) left += one.bytes
      else if (removed(join(directory, one.key))) {
        gone++
        bytes += one.bytes
      }
    }
    return { removed: gone, bytes }
  })

const bytesOf = (file: string): number => {
  try {
    return decode(readMarker(file)).bytes
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
