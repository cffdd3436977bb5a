import { Effect } from "effect"
import { count } from "../../internal/text.ts"
import { layersPlace } from "../../KernelConfig.ts"
import { maxStoredLayers, pruneLayers, sweepLayers } from "../../Router.ts"
import { engineOf } from "../../Sandbox/engines.ts"
import type { CommandOf } from "../args.ts"
import { print } from "../io.ts"

/** `fluffy sandbox prune`: installed dependencies that nobody used for long, what killed kernels left, replaced base images. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"sandbox prune">) {
  const layers = yield* layersPlace
  if (layers !== undefined) {
    yield* sweepLayers(layers)
    const { bytes, removed } = yield* pruneLayers(layers, maxStoredLayers)
    if (removed > 0) print(`Removed ${count(removed, "layer")} of dependencies (${Math.ceil(bytes / 2 ** 20)} MiB).\n`)
  }
  const { placesConfig, prune } = yield* engineOf(flags.sandbox ?? "docker")
  const removed = yield* prune(yield* placesConfig)
  print(removed.length === 0 ? "Nothing was left behind.\n" : `Removed ${count(removed.length, "leftover")}.\n`)
  return 0
})
