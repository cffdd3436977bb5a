import type Dockerode from "dockerode"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { ordered } from "../bubblewrap/mounts.ts"
import type { Mount } from "../SandboxCommand.ts"
import type { EngineFacts } from "./EngineFacts.ts"

/** Without a network of its own a container gets no hosts file, and localhost no address. */
const hosts: Mount = { source: join(packageRoot, "seccomp", "etc", "hosts"), target: "/etc/hosts", mode: "ro" }

const paths = ({ source, target }: Mount) => [source, target]

/** Why this engine cannot be told of these mounts, or undefined. Podman reads a mount as words between colons. */
export const unspeakable = ({ name }: EngineFacts, mounts: ReadonlyArray<Mount>): string | undefined => {
  const path = mounts.flatMap(paths).find((path) => path.includes(":"))
  return name === "docker" || path === undefined ? undefined : `Podman takes no path with a colon: ${path}`
}

/**
 * The mounts in an engine's words; what is mounted below a source stays outside. Podman would read a comma in a path of the structured
 * form as an option of the mount, so it gets the other.
 */
export const mountOptions = (
  { name }: EngineFacts,
  mounts: ReadonlyArray<Mount>
): Pick<Dockerode.HostConfig, "Mounts"> | Pick<Dockerode.HostConfig, "Binds"> => {
  const all = [hosts, ...ordered(mounts)]
  if (name === "podman") {
    return { Binds: all.map(({ mode, source, target }) => `${source}:${target}:${mode},bind,rprivate`) }
  }
  return {
    Mounts: all.map(({ mode, source, target }) => ({
      Type: "bind",
      Source: source,
      Target: target,
      ReadOnly: mode === "ro",
      BindOptions: { Propagation: "rprivate", NonRecursive: true }
    }))
  }
}
