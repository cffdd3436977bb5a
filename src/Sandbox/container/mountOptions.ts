import type Dockerode from "dockerode"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { ordered } from "../bubblewrap/mounts.ts"
import { overlayOf, overlayOptions } from "../overlay.ts"
import type { BindMount, Mount, OverlayMount } from "../SandboxCommand.ts"
import type { EngineFacts } from "./EngineFacts.ts"

/** Without a network of its own a container gets no hosts file, and localhost no address. */
export const hosts: BindMount = {
  source: join(packageRoot, "seccomp", "etc", "hosts"),
  target: "/etc/hosts",
  mode: "ro"
}

const paths = (mount: Mount) => mount.mode === "overlay" ? [mount.target] : [mount.source, mount.target]

/** Why this engine cannot be told of these mounts, or undefined. Podman reads a mount as words between colons. */
export const unspeakable = (
  { name, rootless }: EngineFacts,
  mounts: ReadonlyArray<Mount>,
  own = process.getuid?.()
): string | undefined => {
  if (!rootless && own !== 0 && mounts.some(({ mode }) => mode === "overlay")) {
    return "this engine is run by root, and this user could not remove what it leaves of an overlay"
  }
  const path = mounts.flatMap(paths).find((path) => path.includes(":"))
  return name === "docker" || path === undefined ? undefined : `Podman takes no path with a colon: ${path}`
}

const driver = (overlay: OverlayMount) => ({ type: "overlay", device: "overlay", o: overlayOptions(overlay) })

// Made with the container and, having no name, removed with it; the engine's machine mounts it while the container runs.
const overlayMount = (overlay: OverlayMount): Dockerode.MountSettings => ({
  Type: "volume",
  Source: "",
  Target: overlay.target,
  VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "local", Options: driver(overlay) } }
})

/** The volume that Podman, which makes none by itself from a description, is to make for the container of this name. */
export const volumeOf = (
  { name: engine }: EngineFacts,
  mounts: ReadonlyArray<Mount>,
  name: string,
  labels: Readonly<Record<string, string>>
): Dockerode.VolumeCreateOptions | undefined => {
  const overlay = engine === "podman" ? overlayOf(mounts) : undefined
  return overlay === undefined
    ? undefined
    : { Name: name, Driver: "local", DriverOpts: driver(overlay), Labels: { ...labels } }
}

const bind = ({ mode, source, target }: BindMount, propagation: string): Dockerode.MountSettings => ({
  Type: "bind",
  Source: source,
  Target: target,
  ReadOnly: mode === "ro",
  BindOptions: { Propagation: propagation, NonRecursive: true } as Dockerode.MountSettings["BindOptions"]
})

/**
 * The mounts in an engine's words; what is mounted below a source stays outside. Podman would read a comma in a path of the structured
 * form as an option of the mount, so it gets the other. `volume` is the name of its volume for an overlay.
 */
export const mountOptions = (
  { name }: EngineFacts,
  mounts: ReadonlyArray<Mount>,
  volume: string,
  seen?: (path: string) => string
): Pick<Dockerode.HostConfig, "Mounts"> | Pick<Dockerode.HostConfig, "Binds"> => {
  const placed = (mount: Mount): Mount =>
    mount.mode === "overlay" || seen === undefined ? mount : { ...mount, source: seen(mount.source) }
  const all = [hosts, ...ordered(mounts)].map(placed)
  if (name === "podman") {
    return {
      Binds: all.map((mount) =>
        mount.mode === "overlay"
          ? `${volume}:${mount.target}:rw,nocopy`
          : `${mount.source}:${mount.target}:${mount.mode},bind,rprivate`
      )
    }
  }
  // Docker asks for the other where a source lies below its own directory. Nothing is mounted there.
  const propagation = seen === undefined ? "rprivate" : "rslave"
  return { Mounts: all.map((mount) => mount.mode === "overlay" ? overlayMount(mount) : bind(mount, propagation)) }
}
