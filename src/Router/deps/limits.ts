import { Either } from "effect"
import { parse } from "../../domain/ProjectPath.ts"
const isReserved = (name: string) => /^\.(git|fluffy)$/i.test(name)

/** Bytes of the files that an install is given, and how many folders may be one project. */
export const maxLockfile: number = 32 << 20
export const maxManifest: number = 1 << 20
export const maxMembers = 200

/** What a layer may hold. */
export const maxEntries = 400_000
export const maxBytes: number = 4 * 1024 ** 3

/** Bytes of all layers together, above which the least recently used ones are removed. */
export const maxStored: number = 10 * 1024 ** 3

/** Whether a path, written as a lockfile writes them, is below the folder it is relative to. */
export const isInside = (path: string): boolean => {
  const parsed = parse(path)
  return Either.isRight(parsed) && parsed.right === path && path !== "." && !path.split("/").some(isReserved)
}
