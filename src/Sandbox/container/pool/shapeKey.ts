import { createHash } from "node:crypto"
import { lstatSync } from "node:fs"
import type { BindMount, SandboxCommand } from "../../SandboxCommand.ts"
import { createOptions, type Shape } from "../createOptions.ts"

/** What is told to a parked container later is no part of its shape. */
const blank = ({ onOutput: _output, stdin: _stdin, ...command }: SandboxCommand): SandboxCommand => ({
  ...command,
  command: "",
  args: [],
  cwd: "/"
})

/** The shape of a container that can be started before its command is known. */
export const parkedShape = (shape: Omit<Shape, "name">): Omit<Shape, "name"> => ({
  ...shape,
  command: blank(shape.command),
  parked: true
})

/** Where on the host a mount's target lies when another mount shows its directory. */
const pointOf = ({ target }: BindMount, mounts: ReadonlyArray<BindMount>): ReadonlyArray<string> =>
  mounts.flatMap((outer) =>
    target.startsWith(`${outer.target}/`) ? [`${outer.source}${target.slice(outer.target.length)}`] : []
  )

/**
 * The file or directory itself, not its path: another that takes its place has another birth. A file that was removed, which takes the
 * mount on it away, can come back by another name it had; its change time tells.
 */
const identity = (path: string): string => {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) return ""
  const { birthtimeNs, ctimeNs, dev, ino, mode } = stat
  return [dev, ino, birthtimeNs, mode & 0o170000n, stat.isDirectory() ? "" : ctimeNs].join(" ")
}

/**
 * What two containers must share so that one can stand for the other: the whole request that makes them, and the very files and
 * directories on the host that their mounts show and lie on.
 */
export const shapeKey = (shape: Omit<Shape, "name">): string => {
  const mounts = shape.command.mounts.filter((mount) => mount.mode !== "overlay")
  const paths = mounts.flatMap((mount) => [mount.source, ...pointOf(mount, mounts)])
  const hash = createHash("sha256").update(JSON.stringify(createOptions({ ...shape, name: "", labels: {} })))
  for (const path of paths) hash.update(`\0${path}\0${identity(path)}`)
  return hash.digest("hex")
}
