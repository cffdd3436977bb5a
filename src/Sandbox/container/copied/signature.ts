import { createHash } from "node:crypto"
import { lstatSync, readdirSync } from "node:fs"

/** What tells that something below a path has changed: every name with its inode, size, mode and times. Links are not followed. */
export const signature = (root: string): string => {
  const hash = createHash("sha256")
  const add = (path: string): void => {
    const { ctimeNs, ino, mode, mtimeNs, size } = lstatSync(Buffer.from(path, "latin1"), { bigint: true })
    hash.update(`${path}\0${ino} ${mode} ${size} ${mtimeNs} ${ctimeNs}\0`)
    if ((mode & 0o170000n) !== 0o040000n) return
    for (const name of readdirSync(Buffer.from(path, "latin1"), { encoding: "latin1" }).sort()) add(`${path}/${name}`)
  }
  add(Buffer.from(root).toString("latin1"))
  return hash.digest("hex")
}
