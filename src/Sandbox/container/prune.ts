import { Effect, Schedule } from "effect"
import { SandboxFailed, type SandboxUnavailable } from "../SandboxError.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { type Engine, type Labelled, statusOf, wordsOf } from "./Engine.ts"
import { find, type Found } from "./find.ts"
import { baseImageLabel, isOrphan, labels } from "./KernelMark.ts"
import { within } from "./within.ts"

/** An engine's refusal: its HTTP status when it answered, and its words. */
export interface Refusal {
  readonly status: number | undefined
  readonly words: string
}

const gone = 404
const answerMs = 10_000
const removeRetries = Schedule.exponential("50 millis").pipe(Schedule.intersect(Schedule.recurs(6)))

const ask = <A>(call: () => Promise<A>): Effect.Effect<A, Refusal> =>
  Effect.tryPromise({ try: call, catch: (error): Refusal => ({ status: statusOf(error), words: wordsOf(error) }) })

const removal = (call: () => Promise<unknown>): Effect.Effect<void, Refusal> =>
  ask(() => within(answerMs, "removed nothing", call())).pipe(
    Effect.catchIf(({ status }) => status === gone, () => Effect.void),
    Effect.retry({ schedule: removeRetries, while: ({ status }) => status !== undefined }),
    Effect.asVoid
  )

/** Kills and removes a container; one that is gone already is as good. Fails with the engine's last refusal, or when it is silent. */
export const remove = (engine: Engine, id: string): Effect.Effect<void, Refusal> => removal(() => engine.remove(id))

/** The same for a volume that no container has any more. */
export const removeVolume = (engine: Engine, name: string): Effect.Effect<void, Refusal> =>
  removal(() => engine.removeVolume(name))

/**
 * Removes the containers and volumes that kernels of this machine left when they were killed. Each is tried; returns those that are gone
 * now.
 */
export const prune = ({ engine, facts }: Found): Effect.Effect<ReadonlyArray<string>, Refusal> =>
  Effect.gen(function*() {
    const without = (all: ReadonlyArray<Labelled>, remove: (id: string) => Effect.Effect<void, Refusal>) => {
      const orphans = all.filter((one) => isOrphan(one.labels)).map(({ id }) => id)
      return Effect.map(
        Effect.partition(orphans, (id) => Effect.as(remove(id), id), { concurrency: 4 }),
        ([, removed]) => removed
      )
    }
    const containers = yield* ask(() => engine.labelled(labels.kernel, facts.name))
    const removed = yield* without(containers, (id) => remove(engine, id))
    const volumes = yield* ask(() => engine.volumes(labels.kernel))
    return [...removed, ...yield* without(volumes, (name) => removeVolume(engine, name))]
  }).pipe(Effect.withSpan("Sandbox.prune"))

/**
 * Removes base images whose name a later one has taken and that nothing is made of or built on; returns those that are gone now. An image
 * that somebody built on ours bears its label too, but has further layers.
 */
export const pruneImages = (engine: Engine): Effect.Effect<ReadonlyArray<string>, Refusal> =>
  Effect.gen(function*() {
    const nameless = yield* ask(() => engine.namelessImages(baseImageLabel))
    const remove = (id: string) =>
      ask(async () => {
        if ((await engine.image(id)).layers !== 1) throw new Error("it is not one that was imported")
        await within(answerMs, "removed nothing", engine.removeImage(id))
        return id
      })
    const [, removed] = yield* Effect.partition(nameless, remove)
    return removed
  })

/** Both, for whoever has no sandbox at hand. */
export const pruneOrphans = (
  dialect: Dialect,
  options: ContainerOptions
): Effect.Effect<ReadonlyArray<string>, SandboxFailed | SandboxUnavailable> =>
  Effect.flatMap(
    find(dialect, options),
    (found) =>
      Effect.mapError(Effect.zipWith(prune(found), pruneImages(found.engine), (a, b) => [...a, ...b]), ({ words }) =>
        new SandboxFailed({ backend: dialect.backend, method: "prune", reason: "io", detail: words }))
  )
