import { Clock, Effect } from "effect"

/** The time of the Effect clock as ISO 8601 UTC with milliseconds. */
export const isoNow: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (ms) => new Date(ms).toISOString())

/** Milliseconds of a monotonic clock, with fractions. */
export const monotonicMs: Effect.Effect<number> = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)

/** One moment by two clocks, in ms: `wall` since the epoch, which anyone may set; `steady`, which only goes on but stops while a machine sleeps. */
export interface Moment {
  readonly wall: number
  readonly steady: number
}

/** This moment; each clock is read once. */
export const moment: Effect.Effect<Moment> = Effect.all({ wall: Clock.currentTimeMillis, steady: monotonicMs })

/** Runs an effect and says how long it took, in ms. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.flatMap(
    monotonicMs,
    (start) => Effect.flatMap(effect, (value) => Effect.map(monotonicMs, (end) => [value, end - start] as const))
  )
