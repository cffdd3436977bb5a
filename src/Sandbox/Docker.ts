import { Effect, Layer } from "effect"
import type { Sandbox, SandboxFailed, SandboxUnavailable } from "../Sandbox.ts"
import { type BaseImage, buildBaseImage } from "./container/baseImage.ts"
import { layerLazyOf, layerOf } from "./container/Container.ts"
import type { ContainerOptions, Dialect } from "./container/ContainerOptions.ts"
import { places } from "./container/places.ts"
import { pruneOrphans } from "./container/prune.ts"
import { dockerSockets } from "./container/sockets.ts"

/** How Docker is found. */
export const dialect: Dialect = {
  backend: "docker",
  variable: "DOCKER_HOST",
  sockets: dockerSockets,
  remedy: "sudo apt-get install docker.io && sudo systemctl start docker"
}

/** Docker, tried when the layer is built; containers of killed kernels are removed then. */
export const layer = (options: ContainerOptions = {}): Layer.Layer<Sandbox, SandboxUnavailable> =>
  layerOf(dialect, options)

/** Docker, not tried before the first command; a machine where it does not work fails that with `SandboxUnavailable`. */
export const layerLazy = (options: ContainerOptions = {}): Layer.Layer<Sandbox> => layerLazyOf(dialect, options)

/** Where this process's environment says the engine is: DOCKER_HOST and the user's directories. */
export const placesConfig: Effect.Effect<ContainerOptions> = places(dialect.variable)

/** `layer` where this process's environment says the engine is: DOCKER_HOST and the user's directories. */
export const layerConfig = (options: ContainerOptions = {}): Layer.Layer<Sandbox, SandboxUnavailable> =>
  Layer.unwrapEffect(Effect.map(placesConfig, (found) => layer({ ...found, ...options })))

/** Makes Fluffy's base image in Docker from what this machine has; takes no registry. */
export const buildImage = (
  options: ContainerOptions = {}
): Effect.Effect<BaseImage, SandboxFailed | SandboxUnavailable> => buildBaseImage(dialect, options)

/** Removes what killed kernels of this machine left in Docker, and replaced base images; returns their ids. */
export const prune = (
  options: ContainerOptions = {}
): Effect.Effect<ReadonlyArray<string>, SandboxFailed | SandboxUnavailable> => pruneOrphans(dialect, options)
