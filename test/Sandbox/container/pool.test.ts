import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { wanted } from "../../../src/Sandbox/container/pool/demand.ts"
import * as Pool from "../../../src/Sandbox/container/pool/Pool.ts"

const demand = { most: 3, burstMs: 2000, idleMs: 60_000 }

/** A pool of numbers, and what became of each. */
const numbers = (options: Partial<Pool.PoolOptions<string, number, number, string>> = {}) => {
  const log: Array<string> = []
  let made = 0
  const pool = Pool.make<string, number, number, string>({
    make: () =>
      Effect.acquireRelease(
        Effect.sync(() => {
          log.push(`made ${made}`)
          return made++
        }),
        (number) => Effect.sync(() => log.push(`closed ${number}`))
      ),
    start: (number) => Effect.as(Effect.sync(() => log.push(`started ${number}`)), number),
    isAlive: () => true,
    isCurrent: () => true,
    demand,
    ...options
  })
  return { log, pool }
}

const use = (pool: Pool.Pool<string, number>, key = "k") =>
  pool.use(key, key, (ready) => Effect.succeed(ready === undefined ? "none" : `${ready}`))

describe("Sandbox/container/pool", () => {
  it("wants as many as the greatest burst of late used, up to the most", () => {
    const of = (uses: ReadonlyArray<number>, now: number) => wanted(uses, now, demand)
    assert.strictEqual(of([], 0), 0)
    assert.strictEqual(of([0], 0), 1)
    assert.strictEqual(of([0, 5000, 10_000], 10_000), 1)
    assert.strictEqual(of([0, 100], 5000), 2)
    assert.strictEqual(of([0, 1, 2, 3, 4, 5], 5), 3)
    assert.strictEqual(of([0, 100, 50_000], 60_500), 1)
    assert.strictEqual(of([0], 60_000), 0)
  })

  it.scoped("makes nothing before the first use, then one, for one use", () =>
    Effect.gen(function*() {
      const { log, pool } = numbers()
      const of = yield* pool
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(log, [])
      assert.strictEqual(yield* use(of), "none")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([log, of.ready()], [["made 0", "started 0"], 1])
      assert.strictEqual(yield* use(of), "0")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(log.slice(2), ["closed 0", "made 1", "started 1"])
      assert.strictEqual(yield* use(of, "another"), "none")
    }))

  it.scoped("grows with use to its most, and is empty when nobody has used it for a while", () =>
    Effect.gen(function*() {
      const { log, pool } = numbers()
      const of = yield* pool
      for (let at = 0; at < 5; at++) yield* use(of)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(of.ready(), 3)
      yield* use(of)
      yield* TestClock.adjust("5 seconds")
      yield* use(of, "another")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(of.ready(), 3)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(of.ready(), 0)
      assert.strictEqual(
        log.filter((line) => line.startsWith("closed")).length,
        log.filter((line) => line.startsWith("made")).length
      )
    }))

  it.scoped("starts nothing while something is in use, and lets no use begin while something starts", () =>
    Effect.gen(function*() {
      const starting = yield* Deferred.make<void>()
      const { log, pool } = numbers({ start: (number) => Effect.as(Deferred.await(starting), number) })
      const of = yield* pool
      const [inUse, first] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const held = yield* Effect.fork(
        of.use("k", "k", () => Effect.zipRight(Deferred.succeed(first, undefined), Deferred.await(inUse)))
      )
      yield* Deferred.await(first)
      yield* use(of)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([log, of.ready()], [["made 0"], 0])
      yield* Deferred.succeed(inUse, undefined)
      yield* Fiber.join(held)
      yield* TestClock.adjust("1 second")
      const waiting = yield* Effect.fork(use(of))
      yield* TestClock.adjust("1 second")
      assert.isNull(yield* Fiber.poll(waiting).pipe(Effect.map((exit) => exit._tag === "None" ? null : exit)))
      yield* Deferred.succeed(starting, undefined)
      assert.strictEqual(yield* Fiber.join(waiting), "0")
    }))

  it.effect("closes what it has made when its scope closes, also what it is making", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      let starts = 0
      const { log, pool } = numbers({
        start: (number) =>
          starts++ === 0 ? Effect.succeed(number) : Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
      })
      const scope = yield* Scope.make()
      const of = yield* Scope.extend(pool, scope)
      yield* use(of)
      yield* use(of)
      yield* TestClock.adjust("10 seconds")
      yield* Deferred.await(started)
      assert.deepStrictEqual(log, ["made 0", "made 1"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(log.slice(2).sort(), ["closed 0", "closed 1"])
    }))

  it.scoped("closes one in use before an interruption is over", () =>
    Effect.gen(function*() {
      const { log, pool } = numbers()
      const of = yield* pool
      yield* use(of)
      yield* TestClock.adjust("10 seconds")
      const began = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        of.use("k", "k", () => Effect.zipRight(Deferred.succeed(began, undefined), Effect.never))
      )
      yield* Deferred.await(began)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["made 0", "started 0", "closed 0"])
    }))

  it.scoped("hands out none that is dead or no longer what is asked for", () =>
    Effect.gen(function*() {
      const world = { alive: true, current: true }
      const { log, pool } = numbers({ isAlive: () => world.alive, isCurrent: () => world.current })
      const of = yield* pool
      yield* use(of)
      yield* TestClock.adjust("10 seconds")
      world.alive = false
      assert.strictEqual(yield* use(of), "none")
      world.alive = true
      world.current = false
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([log, of.ready()], [["made 0", "started 0", "closed 0"], 0])
    }))

  it.scoped("rests after a failure, and is no failure of a use", () =>
    Effect.gen(function*() {
      let failures = 0
      const { log, pool } = numbers({
        start: (number) => failures++ < 2 ? Effect.fail("the engine is tired") : Effect.succeed(number)
      })
      const of = yield* pool
      assert.strictEqual(yield* use(of), "none")
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* use(of), "none")
      assert.deepStrictEqual(log, ["made 0", "closed 0"])
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* use(of), "none")
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual([log.slice(2), of.ready()], [["made 1", "closed 1", "made 2"], 1])
    }))
})
