import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isDead, self } from "../../internal/owner.ts"

/** The device nodes a sandbox has besides its own terminals. */
export const devices = ["null", "zero", "full", "random", "urandom", "tty"] as const

const prefix = ".fluffy-"
const nobody = 65534

/** Nodes that a killed kernel left behind: the name holds its mark. A kernel in a container may share this directory, and lives. */
const sweep = (parent: string) => {
  for (const name of readdirSync(parent).filter((name) => name.startsWith(prefix))) {
    if (isDead(name.slice(prefix.length, name.lastIndexOf(".")))) {
      rmSync(join(parent, name), { recursive: true, force: true })
    }
  }
}

const create = (parent: string): string => {
  sweep(parent)
  const directory = mkdtempSync(join(parent, `${prefix}${self}.`))
  try {
    execFileSync("cp", ["-R", ...devices.map((name) => `/dev/${name}`), directory], {
      env: { PATH: "/usr/bin:/bin:/run/current-system/sw/bin" },
      stdio: "ignore"
    })
    for (const node of devices.map((name) => join(directory, name))) {
      chmodSync(node, 0o666)
      chownSync(node, nobody, nobody)
    }
    closeSync(openSync(join(directory, "null"), "r"))
    return directory
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

/**
 * Device nodes that root does not own, for sandboxes run by root: the host's own nodes, bound into a sandbox, could be changed there by
 * their owner (a chmod of /dev/null is one for the whole machine). Returns their directory; whoever asks removes it. Throws when this
 * root may not make device nodes.
 */
export const ownlessDevices = (): string => {
  try {
    return create("/dev")
  } catch {
    return create(tmpdir())
  }
}
