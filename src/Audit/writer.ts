import { Effect, type Scope } from "effect"
import { addFinalizer } from "../internal/finalizer.ts"
import type { Draft } from "./chain.ts"

/** Entries the buffer holds before the background writes them. */
const maxBuffered = 100

/** Entries it holds before an `append` writes them itself, since the background does not come to it. */
const mostBuffered = 10 * maxBuffered

/** The longest an appended entry stays in memory. */
const flushAfter = "500 millis"

/** A buffer in front of `write`. Entries reach it in order, each once; what could not be written is kept and tried again. */
export interface Writer<E> {
  /** Buffers; writes when the buffer is overfull, or when the last write failed, and then fails if this entry was not taken. */
  readonly append: (draft: Draft) => Effect.Effect<void, E>
  /** Returns when this entry and all before it are written, or fails with this entry, and no other, withdrawn. */
  readonly commit: (draft: Draft) => Effect.Effect<void, E>
  /** Writes what is buffered. */
  readonly flush: Effect.Effect<void, E>
}

/** A writer that flushes in the background, and once more when its scope closes; from then on it fails with `closed`. */
export const make = Effect.fnUntraced(function*<E>(
  write: (drafts: ReadonlyArray<Draft>) => Effect.Effect<void, E>,
  closed: () => E
): Effect.fn.Return<Writer<E>, never, Scope.Scope> {
  const pending: Array<Draft> = []
  const lock = Effect.unsafeMakeSemaphore(1)
  const filled = Effect.unsafeMakeLatch(false)
  const full = Effect.unsafeMakeLatch(false)
  let state: "writing" | "failing" | "closed" = "writing"

  const drain = Effect.suspend(() => {
    if (pending.length === 0) return Effect.void
    const batch = pending.slice()
    return Effect.matchCauseEffect(write(batch), {
      onSuccess: () =>
        Effect.sync(() => {
          pending.splice(0, batch.length)
          if (state === "failing") state = "writing"
        }),
      onFailure: (cause) => {
        if (state === "writing") state = "failing"
        return Effect.failCause(cause)
      }
    })
  })
  // The lock is waited for interruptibly; a write that began is finished.
  const locked = (effect: Effect.Effect<void, E>) => lock.withPermits(1)(Effect.uninterruptible(effect))

  // Only under the lock, where no other fiber's batch holds the entry.
  const withdraw = (draft: Draft) =>
    Effect.sync(() => {
      const index = pending.lastIndexOf(draft)
      if (index >= 0) pending.splice(index, 1)
    })

  const put = (draft: Draft, now: boolean): Effect.Effect<void, E> =>
    Effect.suspend(() => {
      if (state === "closed") return Effect.fail(closed())
      pending.push(draft)
      filled.unsafeOpen()
      if (pending.length >= maxBuffered) full.unsafeOpen()
      if (!now && state === "writing" && pending.length < mostBuffered) return Effect.void
      return locked(Effect.tapErrorCause(drain, () => withdraw(draft)))
    })

  const background = Effect.suspend(() => {
    filled.unsafeClose()
    full.unsafeClose()
    const known = state === "failing"
    return Effect.catchAllCause(locked(drain), (cause) => {
      filled.unsafeOpen()
      return known ? Effect.void : Effect.logError(`${pending.length} audit entries wait: writing them failed`, cause)
    })
  })

  yield* addFinalizer(() =>
    Effect.sync(() => state = "closed").pipe(
      Effect.zipRight(locked(drain)),
      Effect.tapErrorCause((cause) => Effect.logFatal(`${pending.length} audit entries could not be written`, cause)),
      Effect.orDie
    )
  )
  yield* filled.await.pipe(
    Effect.zipRight(Effect.raceFirst(Effect.sleep(flushAfter), full.await)),
    Effect.zipRight(background),
    Effect.forever,
    Effect.forkScoped
  )

  return {
    append: (draft) => put(draft, false),
    commit: (draft) => put(draft, true),
    flush: Effect.suspend(() => state === "closed" ? Effect.fail(closed()) : locked(drain))
  }
})
