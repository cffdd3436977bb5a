import { Clock, Effect } from "effect"
import type { InForce } from "./InForce.ts"
import type { Look } from "./look.ts"
import { PolicyLoadFailed } from "./PolicyError.ts"
import type { RuleSet } from "./RuleSet.ts"
import { makeTokens, type Tokens } from "./tokens.ts"

/** A set with the tokens that were made under it: another set begins without any. */
export interface Standing {
  readonly set: RuleSet
  readonly tokens: Tokens
  readonly inForce: InForce
}

/** A set read whole. */
export interface LoadedSet {
  readonly set: RuleSet
  readonly inForce: InForce
}

/** How a set is read, all of it or none, and how it is seen that there is something new to read. */
export interface Source {
  readonly load: Effect.Effect<LoadedSet, ReadonlyArray<PolicyLoadFailed>>
  readonly look: () => Look
}

/** A file that an editor writes in pieces is read once nothing was written for this long. */
const restMs = 50
const maxRests = 40

/** No clock of a file system is coarser than this: a younger file may change again and look the same. */
const youngMs = 100

const restless = new PolicyLoadFailed({
  file: "the policy folders",
  line: 0,
  column: 0,
  problem: "their files keep changing; they are read once they have been at rest for a moment"
})

/**
 * A set that follows its source. `refresh` looks for a change and takes it up when the whole of it is sound; anything else leaves the
 * set in force as it is, and says why. Whoever asks while a change is being read waits for it.
 */
export const follow = Effect.fnUntraced(function*({ load, look }: Source) {
  const stand = ({ inForce, set }: LoadedSet): Standing => ({ set, inForce, tokens: makeTokens() })
  const lock = Effect.unsafeMakeSemaphore(1)
  const first = look()
  let standing = stand(yield* load)
  // What was written just now may be written again within one tick of its clock: then it is read again, at the first question.
  let seen = first.newestMs + youngMs > (yield* Clock.currentTimeMillis) ? undefined : first.mark

  const refuse = (invalid: ReadonlyArray<PolicyLoadFailed>) => {
    standing = { ...standing, inForce: { ...standing.inForce, invalid } }
  }

  const takeUp = Effect.gen(function*() {
    let { mark } = look()
    for (let rests = 0; mark !== seen && rests < maxRests; rests++) {
      yield* Effect.sleep(restMs)
      const rested = look().mark === mark
      const loaded = rested ? yield* Effect.either(load) : undefined
      const now = look().mark
      if (loaded === undefined || now !== mark) {
        mark = now
        continue
      }
      seen = mark
      if (loaded._tag === "Left") return refuse(loaded.left)
      const { digest } = loaded.right.inForce
      // The same texts are the same set, whose tokens stay.
      standing = digest === standing.inForce.digest ? { ...standing, ...loaded.right } : stand(loaded.right)
      return
    }
    if (mark !== seen) refuse([restless])
  })

  const refresh: Effect.Effect<InForce> = Effect.suspend(() =>
    look().mark === seen
      ? Effect.succeed(standing.inForce)
      : Effect.map(lock.withPermits(1)(takeUp), () => standing.inForce)
  )
  return { standing: () => standing, refresh }
})
