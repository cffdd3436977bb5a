import { lstatSync } from "node:fs"
import { normalize } from "node:path"
import type { Mount } from "../SandboxCommand.ts"

/** Host directories that are never shown whole, whoever asks. */
const withheld = [
  "/",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/mnt",
  "/opt",
  "/proc",
  "/root",
  "/run",
  "/srv",
  "/sys",
  "/tmp",
  "/usr",
  "/var",
  "/var/lib",
  "/var/run"
]

/** Places inside that belong to the sandbox: neither they nor, for the last four, anything below them can be a target. */
const reserved = ["/", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/tmp", "/tmp/home"]
const closed = ["/dev", "/etc", "/proc", "/sys"]

const absolute = (path: string) => path.startsWith("/") && normalize(path) === path && !path.includes("\0")

/** Why this mount is refused, or undefined. */
export const refusal = ({ source, target }: Mount): string | undefined => {
  if (!absolute(source) || !absolute(target)) return "a mount's source and target must be absolute and plain"
  if (withheld.includes(source)) return `${source} is never shown in a sandbox`
  if (reserved.includes(target) || closed.some((path) => target === path || target.startsWith(`${path}/`))) {
    return `${target} belongs to the sandbox itself`
  }
  const stat = lstatSync(source, { throwIfNoEntry: false })
  if (stat === undefined) return `the mount source ${source} does not exist`
  return stat.isDirectory() || stat.isFile()
    ? undefined
    : `the mount source ${source} is neither a directory nor a regular file`
}

const depth = (mount: Mount) => mount.target.split("/").length

/** Parents before what lies on them; otherwise as given. */
export const ordered = (mounts: ReadonlyArray<Mount>): ReadonlyArray<Mount> =>
  [...mounts].sort((left, right) => depth(left) - depth(right))
