import { Clock, Effect, Exit, Queue, Scope } from "effect"
import { addFinalizer } from "../../../internal/finalizer.ts"
import { type DemandOptions, usual, wanted } from "./demand.ts"

/**
 * Things of kind A that are made ahead and used once, by key. `make` does what may be done at any time, `start` makes it an A by what may
 * not be done while something is in use. `isAlive` says whether one that is ready still is, `isCurrent` whether what is made of a shape now
 * would be of use.
 */
export interface PoolOptions<S, M, A, E> {
  readonly make: (shape: S) => Effect.Effect<M, E, Scope.Scope>
  readonly start: (made: M, shape: S) => Effect.Effect<A, E, Scope.Scope>
  readonly isAlive: (made: A) => boolean
  readonly isCurrent: (shape: S) => boolean
  readonly demand?: DemandOptions
}

/** A pool. What is made in it is gone when its scope is. */
export interface Pool<S, A> {
  /** Runs with one that is ready, or without. It is closed afterwards: before an end other than success, beside it after one. */
  readonly use: <B, E, R>(
    key: string,
    shape: S,
    run: (ready: A | undefined) => Effect.Effect<B, E, R>
  ) => Effect.Effect<B, E, R>
  /** How many are ready. */
  readonly ready: () => number
}

interface Slot<A> {
  readonly value: A
  readonly scope: Scope.CloseableScope
}

interface Entry<S, A> {
  readonly shape: S
  readonly slots: Array<Slot<A>>
  uses: ReadonlyArray<number>
}

const everybody = 256
/** After a use nothing is made for so long: what comes right behind it need not wait for a start. */
const settleMs = 100
const restMs = 30_000
const usesKept = 32

/** A pool that keeps as many ready as were used in a burst of late; none before the first use, none when it has been idle. */
export const make = Effect.fnUntraced(function*<S, M, A, E>(
  options: PoolOptions<S, M, A, E>
): Effect.fn.Return<Pool<S, A>, never, Scope.Scope> {
  const { demand = usual } = options
  const scope = yield* Effect.scope
  const entries = new Map<string, Entry<S, A>>()
  const held = new Set<Scope.CloseableScope>()
  const used = yield* Queue.sliding<void>(1)
  // A use holds one, a start all of them: nothing is started over files that something is changing.
  const gate = yield* Effect.makeSemaphore(everybody)

  const ready = () => [...entries.values()].reduce((sum, { slots }) => sum + slots.length, 0)

  const closeNow = (own: Scope.CloseableScope, exit: Exit.Exit<unknown, unknown>) =>
    Effect.uninterruptible(Effect.zipRight(Scope.close(own, exit), Effect.sync(() => held.delete(own))))

  const close = (slot: Slot<A>, exit: Exit.Exit<unknown, unknown>): Effect.Effect<unknown> =>
    Exit.isSuccess(exit) ? Effect.forkIn(closeNow(slot.scope, exit), scope) : closeNow(slot.scope, exit)

  const take = (entry: Entry<S, A>): Effect.Effect<Slot<A> | undefined> =>
    Effect.suspend(() => {
      const slot = entry.slots.shift()
      if (slot === undefined || options.isAlive(slot.value)) return Effect.succeed(slot)
      return Effect.zipRight(close(slot, Exit.void), take(entry))
    })

  const entryOf = (key: string, shape: S, now: number): Entry<S, A> => {
    const entry = entries.get(key) ?? { shape, slots: [], uses: [] }
    entries.delete(key)
    entries.set(key, entry)
    entry.uses = [...entry.uses, now].slice(-usesKept)
    return entry
  }

  const use: Pool<S, A>["use"] = (key, shape, run) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const entry = entryOf(key, shape, yield* Clock.currentTimeMillis)
        const slot = yield* take(entry)
        if (slot === undefined) return yield* restore(run(undefined))
        return yield* Effect.onExit(restore(run(slot.value)), (exit) => close(slot, exit))
      }).pipe(Effect.ensuring(Queue.offer(used, undefined)))
    ).pipe(gate.withPermits(1))

  /** How many of each there should be, those used last first: together no more than may be ready. */
  const shares = Effect.map(Clock.currentTimeMillis, (now) => {
    let room = demand.most
    return [...entries].toReversed().map(([key, entry]) => {
      const share = options.isCurrent(entry.shape) ? Math.min(room, wanted(entry.uses, now, demand)) : 0
      room -= share
      return { key, entry, share }
    })
  })

  /** Closes those that are dead or no longer wanted, and forgets what is not used. */
  const tidy = Effect.gen(function*() {
    for (const { entry, key, share } of yield* shares) {
      const kept = entry.slots.filter(({ value }) => options.isAlive(value)).slice(0, share)
      const dropped = entry.slots.filter((slot) => !kept.includes(slot))
      entry.slots.splice(0, entry.slots.length, ...kept)
      if (share === 0) entries.delete(key)
      yield* Effect.forEach(dropped, (slot) => close(slot, Exit.void), { discard: true })
    }
  })

  const add = (entry: Entry<S, A>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const own = yield* Scope.make()
        held.add(own)
        yield* options.make(entry.shape).pipe(
          Effect.flatMap((made) => gate.withPermits(everybody)(options.start(made, entry.shape))),
          Scope.extend(own),
          restore,
          Effect.tap((value) => Effect.sync(() => entry.slots.push({ value, scope: own }))),
          Effect.onError((cause) => closeNow(own, Exit.failCause(cause)))
        )
      })
    )

  const fill = Effect.gen(function*() {
    for (const { entry, share } of yield* shares) {
      while (entry.slots.length < share) {
        const added = yield* Effect.either(add(entry))
        // Another will be asked for instead.
        if (added._tag === "Left" && !options.isCurrent(entry.shape)) break
        yield* added
      }
    }
  }).pipe(
    Effect.catchAll((error) =>
      Effect.zipRight(
        Effect.logDebug(`Nothing is made ahead for ${restMs} ms: ${String(error)}`),
        Effect.sleep(restMs)
      )
    )
  )

  // After whatever is being made was told to stop, and has.
  yield* addFinalizer((exit) =>
    Effect.forEach([...held], (own) => closeNow(own, exit), { concurrency: "unbounded", discard: true })
  )
  yield* Queue.take(used).pipe(
    Effect.timeoutOption(demand.idleMs),
    Effect.zipRight(Effect.sleep(settleMs)),
    Effect.zipRight(tidy),
    Effect.zipRight(fill),
    Effect.forever,
    Effect.forkScoped
  )
  return { use, ready }
})
