import { Effect } from "effect"
import type * as Docker from "../Sandbox/Docker.ts"
import type * as Podman from "../Sandbox/Podman.ts"

/** The engine a person named; its code is loaded now and not before. */
export const engine = (name: "docker" | "podman" = "docker"): Effect.Effect<typeof Docker | typeof Podman> =>
  Effect.promise((): Promise<typeof Docker | typeof Podman> =>
    name === "docker" ? import("../Sandbox/Docker.ts") : import("../Sandbox/Podman.ts")
  )
