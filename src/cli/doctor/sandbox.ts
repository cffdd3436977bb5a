import { Effect, type Layer } from "effect"
import type { KernelOptions } from "../../KernelConfig.ts"
import { Sandbox, type SandboxProbe, type SandboxUnavailable } from "../../Sandbox.ts"
import * as Auto from "../../Sandbox/Auto.ts"
import type { Finding } from "./Finding.ts"

const probeOf = (
  backend: string,
  layer: Layer.Layer<Sandbox, SandboxUnavailable>
): Effect.Effect<SandboxProbe> =>
  Effect.flatMap(Sandbox, (sandbox) => sandbox.probe).pipe(
    Effect.provide(layer),
    Effect.catchAll(({ detail, remedy }) => Effect.succeed({ backend, usable: false, detail, remedy, warnings: [] }))
  )

const named = ["bubblewrap", "docker", "podman"] as const

/** What a runtime cannot enforce here, and what stands in for it. */
const notes = (name: string, { warnings }: SandboxProbe): ReadonlyArray<Finding> =>
  warnings.map((warning) => ({ name, ok: true, required: false, detail: `note: ${warning}` }))

/** Every runtime, by running a command in it; the one that a session here would take is required. */
export const sandbox = (
  { image, sandbox: choice }: Pick<KernelOptions, "image" | "sandbox">
): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function*() {
    const [taken, ...all] = yield* Effect.all([
      probeOf(choice, Auto.layerConfig(choice, image)),
      ...named.map((name) => probeOf(name, Auto.layerConfig(name, name === "bubblewrap" ? undefined : image)))
    ], { concurrency: "unbounded" })
    const others = all.filter(({ backend }) => backend !== taken.backend)
    const finding = ({ backend, detail, remedy, usable }: SandboxProbe, required: boolean): Finding => ({
      name: required ? "sandbox" : backend,
      ok: usable,
      required,
      detail: required ? `${backend} (${choice === "auto" ? "taken by auto" : "chosen"}): ${detail}` : detail,
      ...(remedy === undefined ? {} : { remedy })
    })
    return [
      finding(taken, true),
      ...notes("sandbox", taken),
      ...others.flatMap((probe) => [finding(probe, false), ...notes(probe.backend, probe)])
    ]
  })
