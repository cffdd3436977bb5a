import { Effect } from "effect"
import { count } from "../../internal/text.ts"
import { layersPlace } from "../../KernelConfig.ts"
import { maxStoredLayers, pruneLayers, sweepLayers } from "../../Router.ts"
import { type EngineName, engineNames, engineOf } from "../../Sandbox/engines.ts"
import type { CommandOf } from "../args.ts"
import { print } from "../io.ts"

const pruneEngine = Effect.fnUntraced(function*(name: EngineName) {
  const { placesConfig, prune } = yield* engineOf(name)
  return yield* prune(yield* placesConfig)
})

/** Every engine that is here; fails where there is none, or where one that is here refuses. */
const pruneEngines = Effect.fnUntraced(function*(names: ReadonlyArray<EngineName>) {
  const [failures, removed] = yield* Effect.partition(names, pruneEngine)
  const failure = failures.find(({ _tag }) => removed.length === 0 || _tag === "SandboxFailed")
  return failure === undefined ? removed.flat() : yield* failure
})

/** `fluffy sandbox prune`: installed dependencies that nobody used for long, what killed kernels left, replaced base images. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"sandbox prune">) {
  const layers = yield* layersPlace
  if (layers !== undefined) {
    yield* sweepLayers(layers)
    const { bytes, removed } = yield* pruneLayers(layers, maxStoredLayers)
    if (removed > 0) print(`Removed ${count(removed, "layer")} of dependencies (${Math.ceil(bytes / 2 ** 20)} MiB).\n`)
  }
  const removed = yield* pruneEngines(flags.sandbox === undefined ? engineNames : [flags.sandbox])
  print(removed.length === 0 ? "Nothing was left behind.\n" : `Removed ${count(removed.length, "leftover")}.\n`)
  return 0
})
