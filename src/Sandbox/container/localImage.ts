import { Effect } from "effect"
import { addressOf } from "./address.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { get } from "./get.ts"
import { isImageName } from "./imageName.ts"

const answerMs = 1000

/** The HTTP status of an engine's answer about an image; undefined when nobody answers there. */
const statusAt = (place: string, options: ContainerOptions, name: string): Effect.Effect<number | undefined> =>
  Effect.tryPromise(async (signal) => get(addressOf(place, options), `/images/${name}/json`, signal)).pipe(
    Effect.timeout(answerMs),
    Effect.match({ onFailure: () => undefined, onSuccess: ({ status }) => status })
  )

/**
 * Whether the first engine that answers has this image. Asks it nothing else and has it fetch nothing, so it takes milliseconds where
 * there is one and less where there is none.
 */
export const isLocal = (dialect: Dialect, options: ContainerOptions, name: string): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    if (!isImageName(name)) return false
    for (const address of dialect.sockets(options)) {
      const status = yield* statusAt(address, options, name)
      if (status !== undefined) return status === 200
    }
    return false
  })
