import { chmodSync, lchownSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs"

type Path = string | Buffer

/** What lies in a folder stays so from here on: another user, for whom root worked, cannot put a link in the place of it. */
const take = (directory: Path): void => {
  if (process.geteuid?.() === 0) lchownSync(directory, 0, 0)
  chmodSync(directory, 0o700)
}

/**
 * Removes what is at a path, links not followed, modes and depth no obstacle: folders in it are moved up flat, so that no path grows
 * beyond what the system takes. What is not there is removed.
 */
export const removeTree = (path: string): void => {
  const first = lstatSync(path, { throwIfNoEntry: false })
  if (first === undefined) return
  if (!first.isDirectory()) return unlinkSync(path)
  take(path)
  const trash = mkdtempSync(`${path}/.gone-`)
  const queue: Array<Path> = []
  const empty = (directory: Path) => {
    for (const name of readdirSync(directory, { encoding: "buffer" })) {
      const one = Buffer.concat([Buffer.from(directory), Buffer.from("/"), name])
      if (one.equals(Buffer.from(trash))) continue
      if (!lstatSync(one).isDirectory()) {
        unlinkSync(one)
        continue
      }
      take(one)
      const moved = `${trash}/${queue.length}`
      renameSync(one, moved)
      queue.push(moved)
    }
  }
  empty(path)
  for (const directory of queue) {
    empty(directory)
    rmdirSync(directory)
  }
  rmdirSync(trash)
  rmdirSync(path)
}
