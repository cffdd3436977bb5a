import { spawnSync } from "node:child_process"

/** Root's way to be somebody else, which needs namespaces, and a Node that everybody can run. */
const ordinary = [
  ...["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"],
  ...["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, "--version"]
]

const attempts: Record<string, ReadonlyArray<string>> = {
  ordinary,
  bubblewrap: ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--", "/bin/sh", "-c", ":"],
  docker: ["docker", "info", "--format", "{{.ServerVersion}}"],
  podman: ["podman", "info", "--format", "{{.Version.Version}}"],
  go: ["go", "version"],
  "the npm registry": ["npm", "ping"],
  openssl: ["openssl", "version"],
  minitest: ["ruby", "-e", "require 'minitest'"]
}

const known = new Map<string, string | undefined>()

/** Why the runtime cannot be used here, or undefined when it can; found out once, by using it. */
const missing = (name: string): string | undefined => {
  const [program, ...args] = attempts[name] ?? [name, "--version"]
  const ran = spawnSync(program!, args, { encoding: "utf8", timeout: 10_000, stdio: ["ignore", "pipe", "pipe"] })
  if (ran.error !== undefined) return ran.error.message
  return ran.status === 0 ? undefined : `exit code ${ran.status}: ${ran.stderr.trim().split("\n")[0]}`
}

/**
 * Whether tests that need this runtime can run here. When not, says once why they are skipped, and throws where the machine is
 * meant to have it: `FLUFFY_REQUIRE=bubblewrap,docker` names what may not be missing.
 */
export const requireRuntime = (name: string): boolean => {
  if (!known.has(name)) {
    const why = missing(name)
    known.set(name, why)
    if (why !== undefined) process.stderr.write(`Tests that need ${name} are skipped: ${why}\n`)
  }
  const why = known.get(name)
  if (why === undefined) return true
  const required = (process.env["FLUFFY_REQUIRE"] ?? "").split(",").map((part) => part.trim())
  if (required.includes(name)) throw new Error(`FLUFFY_REQUIRE names ${name}, which cannot be used here: ${why}`)
  return false
}
