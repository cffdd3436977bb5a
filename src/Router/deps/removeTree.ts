import { chmodSync, lchownSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs"

const drop = (path: Buffer): void => {
  if (!lstatSync(path).isDirectory()) return unlinkSync(path)
  // What its entries are stays so from here on: another user, for whom root worked, cannot put a link in the place of one.
  if (process.geteuid?.() === 0) lchownSync(path, 0, 0)
  chmodSync(path, 0o700)
  for (const name of readdirSync(path, { encoding: "buffer" })) drop(Buffer.concat([path, Buffer.from("/"), name]))
  rmdirSync(path)
}

/** Removes what is at a path, links not followed and modes no obstacle; what is not there is removed. */
export const removeTree = (path: string): void => {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) drop(Buffer.from(path))
}
