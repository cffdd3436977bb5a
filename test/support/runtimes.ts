import { Effect, type Layer } from "effect"
import type { Sandbox, SandboxCommand, SandboxFailed, SandboxUnavailable } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { containers, ensureBaseImage, requireEngine, sockets } from "./engines.ts"
import { requireRuntime } from "./require.ts"
import { isRoot, users } from "./sandbox.ts"

/** One way to run commands here. `user` owns the project; `left` names the containers that a run left. */
export interface Runtime {
  readonly name: string
  readonly layer: Layer.Layer<Sandbox>
  readonly user: SandboxCommand["user"]
  readonly prepare: Effect.Effect<void, SandboxFailed | SandboxUnavailable>
  readonly left: () => ReadonlyArray<string>
}

const engine = (name: "docker" | "podman", user: Runtime["user"], label: string): Runtime => {
  const session = `test-${label.replaceAll(" ", "-")}-${process.pid}`
  const { layerLazy } = name === "docker" ? Docker : Podman
  return {
    name: label,
    layer: layerLazy({ socket: sockets[name], session }),
    user,
    prepare: ensureBaseImage(name),
    left: () => containers(name, `fluffy.session=${session}`)
  }
}

const bubblewrap = (user: Runtime["user"], name: string): Runtime => ({
  name,
  layer: Bubblewrap.layerLazy(),
  user,
  prepare: Effect.void,
  left: () => []
})

/** As root, an ordinary person's project and root's own; as an ordinary user, one's own, where an engine is a rootless one. */
const named = (name: string): ReadonlyArray<readonly [label: string, user: Runtime["user"]]> =>
  isRoot ? [[name, users[1]!], [`${name}, root's`, users[0]!]] : [[`${name}, rootless`, users[0]!]]

/** Every runtime that can be used here, by the user who runs the tests. Docker is root's. */
export const runtimes: ReadonlyArray<Runtime> = [
  ...requireRuntime("bubblewrap") ? named("bubblewrap").map(([label, user]) => bubblewrap(user, label)) : [],
  ...isRoot && requireEngine("docker") ? named("docker").map(([label, user]) => engine("docker", user, label)) : [],
  ...requireEngine("podman") ? named("podman").map(([label, user]) => engine("podman", user, label)) : []
]
