import { constants } from "node:fs"
import { chmod, copyFile, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { packageRoot } from "../../../internal/PackageRoot.ts"
import { npmOf } from "./machine.ts"

const empty = ["dev", "home", "opt", "proc", "root", "run", "srv", "sys", "var/lib"]
const etc = ["passwd", "group", "hosts", "nsswitch.conf", "gitconfig"]
const known = new Set([0, 1000, 65_534])

/** Lets whoever builds the image have a name in it: some programs do not start for a user without one. */
const passwd = (text: string, user: { readonly uid: number; readonly gid: number }): string =>
  known.has(user.uid) ? text : `${text.trimEnd()}\nuser:x:${user.uid}:${user.gid}:user:/tmp/home:/bin/sh\n`

/** A Node of a version manager's goes where every PATH looks, its npm with it. */
const addNode = async (root: string, node: string): Promise<void> => {
  await mkdir(join(root, "usr/local/bin"), { recursive: true })
  await copyFile(node, join(root, "usr/local/bin/node"), constants.COPYFILE_FICLONE)
  const npm = npmOf(join(dirname(node), "npm"))
  if (npm === undefined) return
  await cp(npm, join(root, "usr/local/lib/node_modules/npm"), { recursive: true, verbatimSymlinks: true })
  for (const name of ["npm", "npx"]) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, "usr/local/bin", name))
  }
}

/** Fills a directory with what the image has and the machine has not: empty directories, accounts, this program's own Node. */
export const addTo = async (
  root: string,
  user: { readonly uid: number; readonly gid: number },
  node: string
): Promise<void> => {
  for (const name of empty) await mkdir(join(root, name), { recursive: true, mode: 0o755 })
  for (const name of ["tmp", "var/tmp"]) {
    await mkdir(join(root, name), { recursive: true })
    await chmod(join(root, name), 0o1777)
  }
  await mkdir(join(root, "etc"))
  for (const name of etc) {
    const text = await readFile(join(packageRoot, "seccomp", "etc", name), "utf8")
    await writeFile(join(root, "etc", name), name === "passwd" ? passwd(text, user) : text, { mode: 0o644 })
  }
  await writeFile(join(root, "etc/resolv.conf"), "", { mode: 0o644 })
  if (!node.startsWith("/usr/")) await addNode(root, node)
}
