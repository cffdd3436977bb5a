import { lstatSync, readdirSync, readlinkSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** Where the files of an image may come from, however they are reached: a link into a home is not followed. */
const system = /^\/(usr|bin|sbin|lib\w*|nix\/store|gnu\/store|etc\/(alternatives|ssl|pki|ca-certificates))(\/|$)/
const single = /^\/etc\/(ld\.so\.cache|services|protocols|mime\.types|localtime)$/

/** Parts of a language's own library that only its developers need. */
const unwanted = new Set(["__pycache__", "test", "tests", "idlelib", "ensurepip", "lib2to3"])

const maxLinks = 40
const everyoneReads = 0o004

/** Paths of this machine that an image takes: every file with the directories and links on the way to it. */
export const collection = () => {
  const paths = new Set<string>()
  const regular = new Set<string>()

  /** Takes a path and what its links lead to; returns the real directory when it is one. What not everybody may read is left out. */
  const take = (path: string, links = maxLinks): string | undefined => {
    const names = path.split("/").filter((name) => name !== "")
    let at = "/"
    for (const [index, name] of names.entries()) {
      const next = join(at, name)
      const stat = lstatSync(next, { throwIfNoEntry: false })
      if (stat === undefined) return undefined
      if (stat.isSymbolicLink()) {
        const target = join(resolve(at, readlinkSync(next)), ...names.slice(index + 1))
        if (links === 0 || !allowed(target)) return undefined
        const found = take(target, links - 1)
        paths.add(next)
        return found
      }
      if (stat.isFile() && (stat.mode & everyoneReads) !== 0) regular.add(next)
      if (stat.isDirectory() || regular.has(next)) paths.add(next)
      else return undefined
      at = next
      if (index === names.length - 1 && stat.isDirectory()) return next
    }
    return undefined
  }
  const allowed = (path: string) => system.test(path) || single.test(path)

  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name)
      if (entry.isDirectory() && unwanted.has(entry.name)) continue
      if (entry.isDirectory()) {
        paths.add(path)
        walk(path)
      } else take(path)
    }
  }

  return {
    file: (path: string): void => {
      if (allowed(path)) take(path)
    },
    /** A directory with everything in it, links to other directories not followed. */
    tree: (path: string): void => {
      const real = allowed(path) ? take(path) : undefined
      if (real !== undefined && dirname(real) !== "/") walk(real)
    },
    /** All paths, parents before children. */
    paths: (): ReadonlyArray<string> => [...paths].sort(),
    files: (): ReadonlyArray<string> => [...regular]
  }
}
