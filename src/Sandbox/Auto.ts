import { Config, Context, Effect, Layer } from "effect"
import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import { type Chosen, Sandbox, SandboxUnavailable } from "../Sandbox.ts"
import * as Bubblewrap from "./Bubblewrap.ts"
import { type EngineName, engineNames, engineOf, holderOf } from "./engines.ts"
import { namedImages } from "./ProjectImage.ts"

/** Which runtime a person may name. */
export type Choice = "auto" | "bubblewrap" | EngineName

/**
 * What the choice of a runtime hangs on. `image` is the one that was named, `imageBy` who named it; `baseImage` is what runs where none
 * is; `projectImage` says whether the files of `project` may name one of those that are here.
 */
export interface Choosing {
  readonly sandbox: Choice
  readonly image: string | undefined
  readonly imageBy: "user" | "project"
  readonly baseImage: string | undefined
  readonly projectImage: boolean
  readonly project: string | undefined
}

type Runtime = Layer.Layer<Sandbox, SandboxUnavailable>

/** The same runtime, and why it was taken. */
const because = (layer: Runtime, chosen: Chosen): Runtime =>
  Layer.map(layer, (context) => Context.add(context, Sandbox, { ...Context.get(context, Sandbox), chosen }))

const engine = (name: EngineName, { baseImage }: Choosing, image?: string): Runtime =>
  Layer.unwrapEffect(
    Effect.map(engineOf(name), ({ layerConfig }) =>
      layerConfig({ ...image === undefined ? {} : { image }, ...baseImage === undefined ? {} : { baseImage } }))
  )

/** The first engine that works, Docker before Podman; where none does, one error that tells of both. */
const anyEngine = (choosing: Choosing, image?: string): Runtime =>
  engine("docker", choosing, image).pipe(
    Layer.catchAll((docker) =>
      engine("podman", choosing, image).pipe(
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

/** Bubblewrap where it is installed; else an engine with the base image; where there is neither, bubblewrap's own error. */
const withoutImage = (choosing: Choosing, why: string): Runtime =>
  Layer.unwrapEffect(
    Config.string("PATH").pipe(
      Config.withDefault(""),
      Effect.orDie,
      Effect.map((path) =>
        isInstalled("bwrap", path)
          ? because(Bubblewrap.layerConfig, { why })
          : because(anyEngine(choosing), { why: `${why}, and bubblewrap is not installed` }).pipe(
            Layer.catchAll(() => Bubblewrap.layer({ path }))
          )
      )
    )
  )

/**
 * An engine, of these, that has an image which the project's files speak of, with it; else, and where that image runs no sandbox, the
 * runtime that `otherwise` gives, told what was found of an image.
 */
const projectImage = (
  choosing: Choosing,
  engines: ReadonlyArray<EngineName>,
  otherwise: (found: string | undefined) => Runtime
): Runtime => {
  const { project } = choosing
  const named = project === undefined || !choosing.projectImage ? [] : namedImages(project)
  if (named.length === 0) return otherwise(undefined)
  return Layer.unwrapEffect(Effect.map(holderOf(engines, named), (holder) => {
    if (holder === undefined) {
      return otherwise(`the image that ${named.map(({ by }) => by).join(" or ")} names is not here`)
    }
    const { by, image, name } = holder
    return because(engine(name, choosing, image), { why: `${by} names the image ${image}`, image }).pipe(
      Layer.catchAll(() => otherwise(`the image ${image} that ${by} names runs no sandbox`))
    )
  }))
}

const auto = (choosing: Choosing): Runtime => {
  const { image, imageBy } = choosing
  if (image === undefined) {
    return projectImage(choosing, engineNames, (found) => withoutImage(choosing, found ?? "no image is named"))
  }
  return imageBy === "user"
    ? because(anyEngine(choosing, image), { why: `you name the image ${image}` })
    : because(anyEngine(choosing, image), { why: `.fluffy/config.yaml names the image ${image}`, image })
}

const bubblewrap = ({ image, imageBy }: Choosing): Runtime =>
  image === undefined || imageBy === "project" ? Bubblewrap.layerConfig : Layer.fail(
    new SandboxUnavailable({
      backend: "bubblewrap",
      detail: `it has no images, and ${image} is one`,
      remedy: "use --sandbox docker or --sandbox podman with --image, or leave --image out"
    })
  )

/**
 * The runtime a person named, or for `auto`: an engine when an image is named or the project's is here, else bubblewrap, else an engine.
 * A project's files choose among the images that are here; none is built or pulled, and nothing of the isolation is theirs to choose.
 */
export const layerConfig = (choosing: Choosing): Runtime => {
  const { image, imageBy, sandbox } = choosing
  if (sandbox === "auto") return auto(choosing)
  if (sandbox === "bubblewrap") return bubblewrap(choosing)
  if (image === undefined) {
    return projectImage(
      choosing,
      [sandbox],
      (found) => found === undefined ? engine(sandbox, choosing) : because(engine(sandbox, choosing), { why: found })
    )
  }
  return imageBy === "user"
    ? engine(sandbox, choosing, image)
    : because(engine(sandbox, choosing, image), { why: `.fluffy/config.yaml names the image ${image}`, image })
}
