import { Config, Effect, Option } from "effect"
import { join } from "node:path"
import type { ContainerOptions } from "./ContainerOptions.ts"

/** Docker's own names for it; whoever sets the first means the second, or the client's directory. */
const certificates = Effect.all([
  Config.option(Config.nonEmptyString("DOCKER_TLS_VERIFY")),
  Config.option(Config.nonEmptyString("DOCKER_CERT_PATH")),
  Config.option(Config.nonEmptyString("HOME"))
]).pipe(
  Effect.map(([verify, path, home]) =>
    Option.zipRight(verify, Option.orElse(path, () => Option.map(home, (home) => join(home, ".docker"))))
  )
)

/** Where the environment says an engine is: the address in `variable`, certificates, the user's runtime directory and home. */
export const places = (variable: "DOCKER_HOST" | "CONTAINER_HOST"): Effect.Effect<ContainerOptions> =>
  Effect.all({
    certificates,
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
