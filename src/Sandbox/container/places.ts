import { Config, Effect, Option } from "effect"
import type { ContainerOptions } from "./ContainerOptions.ts"

/** Where the environment says an engine is: the address in `variable`, the user's runtime directory and home. */
export const places = (variable: "DOCKER_HOST" | "CONTAINER_HOST"): Effect.Effect<ContainerOptions> =>
  Effect.all({
    socket: Config.option(Config.nonEmptyString(variable)),
    runtimeDirectory: Config.option(Config.nonEmptyString("XDG_RUNTIME_DIR")),
    home: Config.option(Config.nonEmptyString("HOME"))
  }).pipe(
    Effect.orDie,
    Effect.map((found) =>
      Object.fromEntries(
        Object.entries(found).flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value]] : [])
      )
    )
  )
