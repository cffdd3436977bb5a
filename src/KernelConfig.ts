import { Context, Effect, Layer } from "effect"
import type { ConfigInvalid } from "./KernelConfig/ConfigInvalid.ts"
import type { KernelOptions } from "./KernelConfig/KernelOptions.ts"
import { load, type LoadOptions } from "./KernelConfig/load.ts"

export * from "./KernelConfig/ConfigInvalid.ts"
export { layersPlace } from "./KernelConfig/environment.ts"
export * from "./KernelConfig/KernelOptions.ts"
export { load, type Loaded, type LoadOptions } from "./KernelConfig/load.ts"

/** The configuration in force, for whoever composes a kernel. */
export class KernelConfig extends Context.Tag("fluffy/KernelConfig")<KernelConfig, KernelOptions>() {}

/** The configuration of a project from its files, the user's files and the environment; what was refused is logged. */
export const layerConfig = (options: LoadOptions): Layer.Layer<KernelConfig, ConfigInvalid> =>
  Layer.effect(
    KernelConfig,
    Effect.flatMap(load(options), ({ options, warnings }) =>
      Effect.as(Effect.forEach(warnings, (warning) => Effect.logWarning(warning)), options))
  )
