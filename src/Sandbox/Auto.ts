import { Config, Effect, Layer } from "effect"
import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import { type Sandbox, SandboxUnavailable } from "../Sandbox.ts"
import * as Bubblewrap from "./Bubblewrap.ts"
import type * as Docker from "./Docker.ts"
import type * as Podman from "./Podman.ts"

/** Which runtime a person may name. */
export type Choice = "auto" | "bubblewrap" | "docker" | "podman"

/** An engine's layer; its code is loaded when it is chosen and not before. */
const engine = (name: "docker" | "podman", image: string | undefined): Layer.Layer<Sandbox, SandboxUnavailable> =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise((): Promise<typeof Docker | typeof Podman> =>
        name === "docker" ? import("./Docker.ts") : import("./Podman.ts")
      ),
      ({ layerConfig }) => layerConfig(image === undefined ? {} : { image })
    )
  )

/** The first engine that works, Docker before Podman; where none does, one error that tells of both. */
const anyEngine = (image: string | undefined): Layer.Layer<Sandbox, SandboxUnavailable> =>
  engine("docker", image).pipe(
    Layer.catchAll((docker) =>
      engine("podman", image).pipe(
        Layer.catchAll((podman) =>
          Layer.fail(
            new SandboxUnavailable({
              backend: "docker and podman",
              detail: `docker: ${docker.detail}; podman: ${podman.detail}`,
              remedy: docker.remedy
            })
          )
        )
      )
    )
  )

const isInstalled = (program: string, path: string): boolean =>
  path.split(":").some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return directory.startsWith("/")
    } catch {
      return false
    }
  })

/** Bubblewrap where it is installed; else an engine with Fluffy's base image; where there is neither, bubblewrap's own error. */
const automatic: Layer.Layer<Sandbox, SandboxUnavailable> = Layer.unwrapEffect(
  Config.string("PATH").pipe(
    Config.withDefault(""),
    Effect.orDie,
    Effect.map((path) =>
      isInstalled("bwrap", path)
        ? Bubblewrap.layerConfig
        : anyEngine(undefined).pipe(Layer.catchAll(() => Bubblewrap.layer({ path })))
    )
  )
)

/** The runtime a person named, or for `auto`: an engine when an image is named, else bubblewrap, else an engine. */
export const layerConfig = (
  choice: Choice,
  image: string | undefined
): Layer.Layer<Sandbox, SandboxUnavailable> => {
  if (choice === "auto") return image === undefined ? automatic : anyEngine(image)
  if (choice !== "bubblewrap") return engine(choice, image)
  return image === undefined ? Bubblewrap.layerConfig : Layer.fail(
    new SandboxUnavailable({
      backend: choice,
      detail: `it has no images, and ${image} is one`,
      remedy: "use --sandbox docker or --sandbox podman with --image, or leave --image out"
    })
  )
}
