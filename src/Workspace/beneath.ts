import { closeSync, constants, lstatSync, openSync } from "node:fs"

const linux = process.platform === "linux"

/**
 * Walks the directories of a tree it does not trust, one real directory at a time: no component may be a symlink, also when
 * someone swaps it meanwhile (on Linux each step is opened and the next looked up through the open directory).
 */
export interface Beneath {
  /** A prefix for paths of the directory's entries, or undefined when it is missing or not reached through real directories. Valid until the next call. */
  readonly enter: (directory: string) => string | undefined
  readonly close: () => void
}

const denied = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"])

const openDirectory = (path: string): number | undefined => {
  if (!linux) return lstatSync(path).isDirectory() ? -1 : undefined
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
}

/** Opens a tree for such walks; paths handed to `enter` in order of the tree cost one step each. */
const open = (root: string): Beneath => {
  const stack: Array<{ readonly name: string; readonly fd: number; readonly path: string }> = []
  const push = (name: string, path: string): boolean => {
    try {
      const fd = openDirectory(path)
      if (fd === undefined) return false
      stack.push({ name, fd, path: linux ? `/proc/self/fd/${fd}` : path })
      return true
    } catch (cause) {
      if (denied.has(String((cause as NodeJS.ErrnoException).code))) return false
      throw cause
    }
  }
  const cut = (length: number) => {
    for (const one of stack.splice(length)) if (one.fd >= 0) closeSync(one.fd)
  }
  return {
    enter: (directory) => {
      if (stack.length === 0 && !push("", root)) return undefined
      const parts = directory === "" ? [] : directory.split("/")
      let shared = 0
      while (shared < parts.length && stack[shared + 1]?.name === parts[shared]) shared++
      cut(shared + 1)
      for (const part of parts.slice(shared)) {
        if (part === ".." || part === "." || !push(part, `${stack.at(-1)?.path}/${part}`)) return undefined
      }
      return stack.at(-1)?.path
    },
    close: () => cut(0)
  }
}

/** Runs a piece of work over such a walk and closes it. */
export const within = <A>(root: string, work: (beneath: Beneath) => A): A => {
  const beneath = open(root)
  try {
    return work(beneath)
  } finally {
    beneath.close()
  }
}
