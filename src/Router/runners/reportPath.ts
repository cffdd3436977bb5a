import { Either } from "effect"
import { posix } from "node:path"
import { parse, type ProjectPath, root } from "../../domain/ProjectPath.ts"
import type { Places } from "./reportText.ts"

/** A path of a report as a path of the project: null when it lies outside. Relative ones start from the run's directory. */
export const toProjectPath = (path: string | null | undefined, places: Places): ProjectPath | null => {
  if (path === null || path === undefined || path === "") return null
  const plain = path.startsWith("file://") ? path.slice("file://".length) : path
  const full = posix.resolve(places.cwd, plain)
  if (!full.startsWith(`${places.root}/`)) return null
  const project = Either.getOrNull(parse(full.slice(places.root.length + 1)))
  return project === root ? null : project
}
