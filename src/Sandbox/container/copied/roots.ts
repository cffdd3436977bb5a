import { lstatSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import type { BindMount } from "../../SandboxCommand.ts"

/** A file or directory of this machine that is copied as a whole, since no other that is holds it. */
export interface Root {
  readonly path: string
  /** Whether something below it can be written, so that it is copied back. */
  readonly writable: boolean
}

const holds = (outer: string, path: string) => path === outer || path.startsWith(`${outer}/`)

const kindOf = (path: string): "directory" | "file" | "other" => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true ? "directory" : stat?.isFile() === true ? "file" : "other"
}

/** The directories between a root and a path of it, which the engine would follow if one were a link. */
const between = (root: string, path: string): ReadonlyArray<string> =>
  path === root ? [] : [...between(root, dirname(path)), dirname(path)]

/** What to copy for these sources; fails where a source could not be found again in the copy. */
export const rootsOf = (mounts: ReadonlyArray<Pick<BindMount, "source" | "mode">>): ReadonlyArray<Root> => {
  const sources = [...new Set(mounts.map(({ source }) => source))]
  const outermost = sources.filter((path) => !sources.some((other) => other !== path && holds(other, path)))
  return outermost.map((path) => {
    const inside = mounts.filter(({ source }) => holds(path, source))
    const crooked = inside.flatMap(({ source }) => between(path, source)).find((one) => kindOf(one) !== "directory")
    if (crooked !== undefined) throw new Error(`${crooked} is no directory`)
    const writable = inside.some(({ mode }) => mode === "rw")
    if (writable && kindOf(path) !== "directory") {
      throw new Error(`${path} is a single file and cannot be written in a copy`)
    }
    return { path, writable }
  })
}

/** Where a source lies in its root's copy, which has the root's own name in the volume's directory. */
export const placeIn = (root: Root, volume: string, source: string): string =>
  join(volume, relative(dirname(root.path), source))

/** The root that holds a source. */
export const rootOf = (roots: ReadonlyArray<Root>, source: string): Root | undefined =>
  roots.find(({ path }) => holds(path, source))
