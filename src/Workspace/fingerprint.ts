import { createHash } from "node:crypto"
import { readdirSync } from "node:fs"
import type { Content } from "../domain/Change.ts"
import { lookAt } from "./files.ts"
import { byPath } from "./names.ts"
import type { Trees } from "./Trees.ts"

const maxDepth = 4
const maxDirectories = 20_000

// One that cannot be looked into cannot be told from what it was.
const directoriesIn = (path: string): ReadonlyArray<string> | undefined => {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((one) => one.isDirectory()).map(({ name }) => name)
  } catch {
    return undefined
  }
}

/**
 * What a session began with, in hex: its files by content, and its dependency trees by their upper directories, whose times and inodes
 * change when a package comes, goes or is replaced. Undefined when those are too many to look at.
 */
export const fingerprint = (
  files: ReadonlyMap<string, Content>,
  trees: Trees
): string | undefined => {
  const digest = createHash("sha256")
  for (const [path, { executable, kind, sha256 }] of [...files].toSorted(([a], [b]) => byPath(a, b))) {
    digest.update(`${JSON.stringify(path)} ${kind} ${executable} ${sha256}\n`)
  }
  let met = 0
  const visit = (path: string, host: string, depth: number): boolean => {
    const stat = lookAt(host)
    if (stat === undefined) return true
    digest.update(`${JSON.stringify(path)} ${stat.ino} ${stat.mtimeNs}\n`)
    if (!stat.isDirectory() || depth === maxDepth) return true
    const names = directoriesIn(host)
    if (names === undefined || (met += names.length) > maxDirectories) return false
    return names.toSorted(byPath).every((name) => visit(`${path}/${name}`, `${host}/${name}`, depth + 1))
  }
  return trees.all.every(([path, source]) => visit(path, source, 0)) ? digest.digest("hex") : undefined
}
