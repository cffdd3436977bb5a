import { existsSync } from "node:fs"
import { dirname, join } from "node:path"

const find = (directory: string): string => {
  if (existsSync(join(directory, "policies")) && existsSync(join(directory, "seccomp"))) return directory
  const parent = dirname(directory)
  if (parent === directory) {
    throw new Error("fluffy-kernel is not installed whole: its policies and seccomp folders are missing")
  }
  return find(parent)
}

/** Where this package's own data files (`policies/`, `seccomp/`) lie: the same from sources, from `dist` and from the bundle. */
export const packageRoot: string = find(import.meta.dirname)
