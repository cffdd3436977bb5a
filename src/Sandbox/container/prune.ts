import { Effect, Schedule } from "effect"
import { SandboxFailed, type SandboxUnavailable } from "../SandboxError.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { type Engine, statusOf, wordsOf } from "./Engine.ts"
import { find, type Found } from "./find.ts"
import { isOrphan, labels } from "./KernelMark.ts"
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

/** Kills and removes a container; one that is gone already is as good. Fails with the engine's last refusal, or when it is silent. */
export const remove = (engine: Engine, id: string): Effect.Effect<void, Refusal> =>
  ask(() => within(answerMs, "removed nothing", engine.remove(id))).pipe(
    Effect.catchIf(({ status }) => status === gone, () => Effect.void),
    Effect.retry({ schedule: removeRetries, while: ({ status }) => status !== undefined }),
    Effect.asVoid
  )

/** Removes the containers that kernels of this machine left when they were killed. Each is tried; returns those that are gone now. */
export const prune = ({ engine, facts }: Found): Effect.Effect<ReadonlyArray<string>, Refusal> =>
  Effect.gen(function*() {
    const all = yield* ask(() => engine.labelled(labels.kernel, facts.name))
    const orphans = all.filter((container) => isOrphan(container.labels)).map(({ id }) => id)
    const [, removed] = yield* Effect.partition(orphans, (id) => Effect.as(remove(engine, id), id), { concurrency: 4 })
    // A container goes before its volume, which is otherwise in use.
    const volumes = yield* ask(() => engine.volumes(labels.kernel))
    const left = [...volumes].filter(([, marks]) => isOrphan(marks)).map(([name]) => name)
    yield* Effect.partition(left, (name) => ask(() => engine.removeVolume(name)))
    return removed
  }).pipe(Effect.withSpan("Sandbox.prune"))

/** The same for whoever has no sandbox at hand. */
export const pruneOrphans = (
  dialect: Dialect,
  options: ContainerOptions
): Effect.Effect<ReadonlyArray<string>, SandboxFailed | SandboxUnavailable> =>
  Effect.flatMap(
    find(dialect, options),
    (found) =>
      Effect.mapError(prune(found), ({ words }) =>
        new SandboxFailed({ backend: dialect.backend, method: "prune", reason: "io", detail: words }))
  )
