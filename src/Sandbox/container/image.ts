import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { SandboxUnavailable } from "../SandboxError.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import type { Shape } from "./createOptions.ts"
import { statusOf, wordsOf } from "./Engine.ts"
import type { Found } from "./find.ts"
import { isImageName } from "./imageName.ts"

let known: string | undefined

const version = (): string =>
  known ??=
    (JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { readonly version: string }).version

/** The name of Fluffy's own image in an engine; Podman wants to hear that it comes from no registry. */
export const baseImageName = (engine: "docker" | "podman"): string =>
  `${engine === "podman" ? "localhost/" : ""}fluffy-base:${version()}`

/** Finds the image to run by its id, so that a name given to another image meanwhile changes nothing. */
export const findImage = (
  { backend }: Dialect,
  options: ContainerOptions,
  { engine, facts }: Found
): Effect.Effect<Shape["image"], SandboxUnavailable> => {
  const named = options.image ?? options.baseImage
  const name = named ?? baseImageName(facts.name)
  const missing = (detail: string, remedy: string) => new SandboxUnavailable({ backend, detail, remedy })
  if (!isImageName(name)) {
    return missing(
      `${JSON.stringify(name.slice(0, 80))} cannot be the name of an image`,
      "name one as docker.io/library/node:20 is named, or its id"
    )
  }
  return Effect.tryPromise({
    try: () => engine.image(name),
    catch: (error) =>
      missing(
        statusOf(error) === 404 ? `there is no image ${name}` : `the image ${name}: ${wordsOf(error)}`,
        named === undefined ? `fluffy image build --sandbox ${backend}` : `${backend} pull ${name}`
      )
  })
}
