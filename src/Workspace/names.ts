const unsafe = /[\x00-\x1f\x7f-\x9f\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

const fold = (name: string): string =>
  name.normalize("NFKC").replace(/\p{Default_Ignorable_Code_Point}/gu, "").toLowerCase().replace(/[. ]+$/, "")

/** Whether a file system somewhere takes the name for git's or the kernel's own: case, ignorable characters, 8.3 names, streams. */
export const isReserved = (name: string): boolean => {
  const folded = fold(name)
  return /^\.(git|fluffy)(:.*)?$/.test(folded) || /^(git|gi[0-9a-f]{4}|fluffy)~\d+$/.test(folded)
}

const maxNameBytes = 255
const maxPathBytes = 1024
const maxDepth = 64

/** Why an entry of this name may not be taken, if so. A name that was not UTF-8 shows a replacement character. */
export const refuseName = (name: string): string | undefined => {
  if (name.includes("\ufffd")) return "its name is not UTF-8"
  if (unsafe.test(name)) return "its name has a control, direction or backslash character"
  if (isReserved(name)) return "it belongs to git or to the kernel"
  if (Buffer.byteLength(name) > maxNameBytes) return "its name is too long"
  return undefined
}

/** The same for a whole project-relative path. */
export const refusePath = (path: string): string | undefined => {
  const parts = path.split("/")
  if (parts.some((part) => part === "" || part === "." || part === "..")) return "it leaves the project"
  if (parts.length > maxDepth || Buffer.byteLength(path) > maxPathBytes) return "it is nested too deep"
  for (const part of parts) {
    const why = refuseName(part)
    if (why !== undefined) return why
  }
  return undefined
}

/** A path as a terminal may show it: every character that is not plainly printable is escaped. */
export const display = (path: string): string =>
  path.slice(0, 400).replace(
    /[^\p{L}\p{N}\p{P}\p{S} ]|[\u202a-\u202e\u2066-\u2069\ufffd]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`
  )

/** The directory a project-relative path lies in; "" is the project. */
export const parentOf = (path: string): string => {
  const slash = path.lastIndexOf("/")
  return slash < 0 ? "" : path.slice(0, slash)
}

/** The last component of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** Every directory above a path, the outermost first, without the project itself. */
export const ancestors = (path: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) found.push(path.slice(0, at))
  return found
}

/** Order of paths by code unit: stable on every machine. */
export const byPath = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
