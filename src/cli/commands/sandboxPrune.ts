import { Effect } from "effect"
import { count } from "../../internal/text.ts"
import { engineOf } from "../../Sandbox/engines.ts"
import type { CommandOf } from "../args.ts"
import { print } from "../io.ts"

/** `fluffy sandbox prune`: what killed kernels left in an engine. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"sandbox prune">) {
  const { placesConfig, prune } = yield* engineOf(flags.sandbox ?? "docker")
  const removed = yield* prune(yield* placesConfig)
  print(removed.length === 0 ? "Nothing was left behind.\n" : `Removed ${count(removed.length, "leftover")}.\n`)
  return 0
})
