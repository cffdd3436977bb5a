import { Effect } from "effect"
import { isLocal } from "./container/localImage.ts"
import type * as Docker from "./Docker.ts"
import type * as Podman from "./Podman.ts"
import type { NamedImage } from "./ProjectImage.ts"

/** The engines, in the order in which they are tried. */
export const engineNames = ["docker", "podman"] as const
export type EngineName = (typeof engineNames)[number]

/** An engine's module; its code is loaded when it is chosen and not before. */
export const engineOf = (name: EngineName): Effect.Effect<typeof Docker | typeof Podman> =>
  Effect.promise((): Promise<typeof Docker | typeof Podman> =>
    name === "docker" ? import("./Docker.ts") : import("./Podman.ts")
  )

/** An image of the project's and the engine that has it. */
export interface Holder {
  readonly name: EngineName
  readonly image: string
  readonly by: string
}

/** The first of these engines that has one of these images already, the best image first; undefined where none has any. */
export const holderOf = Effect.fnUntraced(function*(
  engines: ReadonlyArray<EngineName>,
  named: ReadonlyArray<NamedImage>
): Effect.fn.Return<Holder | undefined> {
  for (const { by, names } of named) {
    for (const image of names) {
      for (const name of engines) {
        const { dialect, placesConfig } = yield* engineOf(name)
        if (yield* isLocal(dialect, yield* placesConfig, image)) return { name, image, by }
      }
    }
  }
  return undefined
})
