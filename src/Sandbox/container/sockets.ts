import { createHash } from "node:crypto"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { ContainerOptions } from "./ContainerOptions.ts"

const scheme = "unix://"

const parsed = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return undefined
  }
}

const field = (value: unknown, ...names: ReadonlyArray<string>): unknown =>
  names.reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], value)

/** The address of the context that Docker's own client uses; its files are named by the hash of the context's name. */
const contextHost = (home: string | undefined): ReadonlyArray<string> => {
  if (home === undefined) return []
  const docker = join(home, ".docker")
  const name = field(parsed(join(docker, "config.json")), "currentContext")
  if (typeof name !== "string" || name === "default") return []
  const file = join(docker, "contexts", "meta", createHash("sha256").update(name).digest("hex"), "meta.json")
  const host = field(parsed(file), "Endpoints", "docker", "Host")
  return typeof host === "string" ? [host] : []
}

const below = (directory: string | undefined, name: string) => directory === undefined ? [] : [join(directory, name)]

/** Docker's sockets: the chosen context's, the system's, a rootless one's, Docker Desktop's. */
export const dockerSockets = ({ home, runtimeDirectory, socket }: ContainerOptions): ReadonlyArray<string> =>
  socket !== undefined ? [socket] : [
    ...contextHost(home),
    "/var/run/docker.sock",
    ...below(runtimeDirectory, "docker.sock"),
    ...below(home, ".docker/run/docker.sock"),
    ...below(home, ".docker/desktop/docker.sock")
  ]

/** Podman's sockets: the user's own before the system's. */
export const podmanSockets = ({ runtimeDirectory, socket }: ContainerOptions): ReadonlyArray<string> =>
  socket !== undefined ? [socket] : [...below(runtimeDirectory, "podman/podman.sock"), "/run/podman/podman.sock"]

/** The path of a socket on this machine, or undefined for any other kind of address. */
export const socketPath = (address: string): string | undefined => {
  const path = address.startsWith(scheme) ? address.slice(scheme.length) : address
  return path.startsWith("/") ? path : undefined
}

/** Who owns what belongs to nobody that is known in this user namespace: root outside of it, as a rule. */
const nobody = 65534

/**
 * Why an engine that nobody named is not used, or undefined: whoever owns its socket sees what is sent there, and `XDG_RUNTIME_DIR` may lie
 * where others write. One that does not exist fails by itself.
 */
export const socketProblem = (path: string, own = process.getuid?.()): string | undefined => {
  const uid = statSync(path, { throwIfNoEntry: false })?.uid
  return uid === undefined || [0, own, nobody].includes(uid)
    ? undefined
    : `it belongs to user ${uid}; set DOCKER_HOST or CONTAINER_HOST to it if that is meant`
}
