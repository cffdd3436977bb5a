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

const refuseSource = (source: string, kinds: "directories" | "any"): string | undefined => {
  if (!absolute(source)) return "a mount's source must be absolute and plain"
  if (withheld.includes(source)) return `${source} is never shown in a sandbox`
  const stat = lstatSync(source, { throwIfNoEntry: false })
  if (stat === undefined) return `the mount source ${source} does not exist`
  if (stat.isDirectory() || (kinds === "any" && stat.isFile())) return undefined
  return `the mount source ${source} is ${kinds === "any" ? "neither a directory nor a regular file" : "no directory"}`
}

/** Why this mount is refused, or undefined. */
export const refusal = (mount: Mount): string | undefined => {
  const { target } = mount
  if (!absolute(target)) return "a mount's target must be absolute and plain"
  if (reserved.includes(target) || closed.some((path) => target === path || target.startsWith(`${path}/`))) {
    return `${target} belongs to the sandbox itself`
  }
  if (mount.mode !== "overlay") return refuseSource(mount.source, "any")
  const directories = [...mount.lower, mount.upper, mount.work]
  const unsaid = directories.find((directory) => /[:,\\"]/.test(directory))
  if (unsaid !== undefined) return `an overlay takes no path with a colon, comma, quote or backslash: ${unsaid}`
  return directories.map((directory) => refuseSource(directory, "directories")).find((reason) => reason !== undefined)
}

const depth = (mount: Mount) => mount.target.split("/").length

/** Parents before what lies on them; otherwise as given. */
export const ordered = (mounts: ReadonlyArray<Mount>): ReadonlyArray<Mount> =>
  [...mounts].sort((left, right) => depth(left) - depth(right))
