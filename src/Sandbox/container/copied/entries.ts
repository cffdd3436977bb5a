/** One thing of an archive. `path` and `target` hold a byte in each character; `at` is where its content begins in the archive. */
export interface Entry {
  readonly kind: "directory" | "file" | "symlink" | "link" | "special"
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly at: number
  readonly target: string
}

const blockBytes = 512
const maxRecordBytes = 1 << 20
const maxEntries = 1_000_000
const maxDepth = 200

const kinds: Readonly<Record<string, Entry["kind"]>> = {
  "\0": "file",
  "0": "file",
  "1": "link",
  "2": "symlink",
  "3": "special",
  "4": "special",
  "5": "directory",
  "6": "special",
  "7": "file"
}

const refuse = (why: string): never => {
  throw new Error(`the engine's archive ${why}`)
}

const text = (header: Buffer, from: number, length: number): string => {
  const end = header.indexOf(0, from)
  return header.toString("latin1", from, end < 0 || end > from + length ? from + length : end)
}

/** Octal digits, or where the first bit is set a number of 95 bits, of which more than 53 are refused. */
const number = (header: Buffer, from: number, length: number): number => {
  if ((header[from]! & 0x80) !== 0) {
    let value = header[from]! & 0x7f
    for (const byte of header.subarray(from + 1, from + length)) value = value * 256 + byte
    return Number.isSafeInteger(value) ? value : refuse("holds a number without sense")
  }
  const digits = text(header, from, length).trim()
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : refuse("holds a number that is none")
}

const isSound = (header: Buffer): boolean => {
  let sum = 0
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 32 : header[at]!
  return sum === number(header, 148, 8)
}

/** `length key=value\n`, again and again (pax, POSIX.1-2001). */
const records = (bytes: Buffer): Map<string, string> => {
  const found = new Map<string, string>()
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at)
    const length = Number(bytes.toString("latin1", at, space))
    const equals = bytes.indexOf(61, space)
    if (space < 0 || !Number.isInteger(length) || equals < 0 || equals >= at + length || at + length > bytes.length) {
      return refuse("holds a broken record")
    }
    found.set(bytes.toString("latin1", space + 1, equals), bytes.toString("latin1", equals + 1, at + length - 1))
    at += length
  }
  return found
}

/** Without the engine's own name for what was asked for; undefined for that itself. */
const below = (path: string): string | undefined => {
  const parts = path.replace(/^\.\//, "").replace(/\/+$/, "").split("/").slice(1)
  if (parts.some((part) => part === "" || part === "." || part === "..")) return refuse("names a path that leaves it")
  if (parts.length > maxDepth) return refuse("is too deep")
  return parts.length === 0 ? undefined : parts.join("/")
}

/** Reads bytes of an archive: exactly `length` from `at`. */
export type ReadAt = (at: number, length: number) => Buffer

/**
 * What a tar archive of one directory holds (ustar, pax and GNU's long names), checked to be a tree: no path twice, everything below a
 * directory that came before it, a hard link to a file that came before. Whoever made the content is an enemy.
 */
export const entriesOf = (read: ReadAt, bytes: number): ReadonlyMap<string, Entry> => {
  const entries = new Map<string, Entry>()
  let next = new Map<string, string>()
  for (let at = 0; at + blockBytes <= bytes;) {
    const header = read(at, blockBytes)
    at += blockBytes
    if (header.every((byte) => byte === 0)) return entries
    if (!isSound(header)) return refuse("is damaged")
    const type = String.fromCharCode(header[156]!)
    const own = number(header, 124, 12)
    if (type === "x" || type === "L" || type === "K" || type === "g") {
      if (own > maxRecordBytes || at + own > bytes) return refuse("holds a name that is too long")
      const body = read(at, own)
      at += Math.ceil(own / blockBytes) * blockBytes
      if (type === "x") next = new Map([...next, ...records(body)])
      else if (type !== "g") next.set(type === "L" ? "path" : "linkpath", body.toString("latin1").replace(/\0+$/, ""))
      continue
    }
    const kind = kinds[type] ?? refuse(`holds something of type ${JSON.stringify(type)}`)
    if ([...next.keys()].some((key) => key.startsWith("GNU.sparse"))) return refuse("holds a sparse file")
    const prefix = text(header, 257, 6) === "ustar" && header[262] === 0 ? text(header, 345, 155) : ""
    const name = text(header, 0, 100)
    const path = below(next.get("path") ?? (prefix === "" ? name : `${prefix}/${name}`))
    const target = next.get("linkpath") ?? text(header, 157, 100)
    const size = kind === "file" ? Number(next.get("size") ?? own) : 0
    next = new Map()
    if (!Number.isSafeInteger(size) || size < 0 || at + size > bytes) return refuse("is cut off")
    if (path !== undefined) {
      add(entries, { kind, path, mode: number(header, 100, 8) & 0o7777, size, at, target })
    } else if (kind !== "directory") return refuse("is not of a directory")
    at += Math.ceil(size / blockBytes) * blockBytes
  }
  return refuse("has no end")
}

const add = (entries: Map<string, Entry>, entry: Entry): void => {
  const slash = entry.path.lastIndexOf("/")
  if (entry.path.includes("\0") || entries.has(entry.path)) refuse("names something twice")
  if (slash >= 0 && entries.get(entry.path.slice(0, slash))?.kind !== "directory") {
    refuse("puts something below no directory")
  }
  if (entries.size >= maxEntries) refuse("holds too many things")
  if (entry.kind !== "link") return void entries.set(entry.path, entry)
  const first = entries.get(below(entry.target) ?? "")
  if (first === undefined || first.kind === "directory" || first.kind === "link") {
    return refuse("links to what it does not hold")
  }
  entries.set(entry.path, { ...first, path: entry.path })
}
