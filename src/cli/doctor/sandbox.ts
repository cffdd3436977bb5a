import { Effect, type Layer } from "effect"
import { Sandbox, type SandboxProbe, type SandboxUnavailable } from "../../Sandbox.ts"
import * as Auto from "../../Sandbox/Auto.ts"
import type { Finding } from "./Finding.ts"

interface Probed extends SandboxProbe {
  readonly why?: string | undefined
}

const probeOf = (backend: string, layer: Layer.Layer<Sandbox, SandboxUnavailable>): Effect.Effect<Probed> =>
  Effect.gen(function*() {
    const { chosen, probe } = yield* Sandbox
    return { ...yield* probe, why: chosen?.why }
  }).pipe(
    Effect.provide(layer),
    Effect.catchAll(({ detail, remedy }) => Effect.succeed({ backend, usable: false, detail, remedy, warnings: [] }))
  )

const named = ["bubblewrap", "docker", "podman"] as const

/** What a runtime cannot enforce here, and what stands in for it. */
const notes = (name: string, { warnings }: SandboxProbe): ReadonlyArray<Finding> =>
  warnings.map((warning) => ({ name, ok: true, required: false, detail: `note: ${warning}` }))

/** Every runtime, by running a command in it; the one that a session here would take is required, and why it would be is told. */
export const sandbox = (choosing: Auto.Choosing): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function*() {
    const image = choosing.imageBy === "user" ? choosing.image : undefined
    const only = (sandbox: (typeof named)[number]) =>
      Auto.layerConfig({
        ...choosing,
        sandbox,
        image: sandbox === "bubblewrap" ? undefined : image,
        projectImage: false
      })
    const [taken, ...all] = yield* Effect.all([
      probeOf(choosing.sandbox, Auto.layerConfig(choosing)),
      ...named.map((name) => probeOf(name, only(name)))
    ], { concurrency: "unbounded" })
    const others = all.filter(({ backend }) => backend !== taken.backend)
    const how = choosing.sandbox === "auto" ? "taken by auto" : "chosen"
    const finding = ({ backend, detail, remedy, usable, why }: Probed, required: boolean): Finding => ({
      name: required ? "sandbox" : backend,
      ok: usable,
      required,
      detail: required ? `${backend} (${why === undefined ? how : `${how}: ${why}`}): ${detail}` : detail,
      ...(remedy === undefined ? {} : { remedy })
    })
    return [
      finding(taken, true),
      ...notes("sandbox", taken),
      ...others.flatMap((probe) => [finding(probe, false), ...notes(probe.backend, probe)])
    ]
  })
