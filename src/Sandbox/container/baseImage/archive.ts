import { readdirSync } from "node:fs"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { tar } from "../tar.ts"

/** What `root` adds to the paths: an engine refuses an archive that names a directory twice. */
const added = (paths: ReadonlySet<string>, root: string, below = ""): ReadonlyArray<string> =>
  readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name)
    const own = paths.has(`/${path}`) ? [] : [path]
    return entry.isDirectory() ? [...own, ...added(paths, root, path)] : own
  })

/**
 * An archive of these paths of the machine, and of everything below `root` as if it were the root; all of it root's and without setuid
 * bits. It ends with an error, not with an end, when a file could not be read.
 */
export const archive = (paths: ReadonlyArray<string>, root: string): Readable =>
  tar(
    [
      ...["--owner=0", "--group=0", "--mode=ug-s"],
      ...["--no-recursion", "--directory=/", "--null", "--verbatim-files-from", "--files-from=-"],
      ...[`--directory=${root}`, ...added(new Set(paths), root)]
    ],
    paths.map((path) => path.slice(1))
  )
