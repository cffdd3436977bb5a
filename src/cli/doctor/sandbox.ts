import { Effect } from "effect"
import type { KernelOptions } from "../../KernelConfig.ts"
import { Sandbox } from "../../Sandbox.ts"
import * as Bubblewrap from "../../Sandbox/Bubblewrap.ts"
import type { Finding } from "./Finding.ts"

/** The sandbox, by running a command in it. */
export const sandbox = (choice: KernelOptions["sandbox"]): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function*() {
    const { backend, detail, remedy, usable, warnings } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
      .pipe(
        Effect.provide(Bubblewrap.layerConfig)
      )
    const chosen: ReadonlyArray<Finding> = choice === "auto" || choice === backend ? [] : [{
      name: "sandbox",
      ok: false,
      required: true,
      detail: `${choice} is chosen, and this version runs ${backend} only`,
      remedy: `export FLUFFY_SANDBOX=${backend}`
    }]
    return [
      ...chosen,
      { name: "sandbox", ok: usable, required: true, detail, ...(remedy === undefined ? {} : { remedy }) },
      ...warnings.map((warning) => ({ name: "sandbox", ok: true, required: false, detail: `note: ${warning}` }))
    ]
  })
