import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, FiberId, Ref, Scope } from "effect"
import { acquireRelease, addFinalizer } from "../../src/internal/finalizer.ts"

describe("a finalizer", () => {
  it.effect("loses no interruption that comes while it runs", () =>
    Effect.gen(function*() {
      const [reached, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const resources = Effect.gen(function*() {
        yield* acquireRelease(Effect.void, () =>
          Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(go)))
        yield* acquireRelease(Effect.void, () =>
          Effect.void)
      })
      const fiber = yield* Effect.fork(Effect.zipRight(Effect.scoped(resources), Effect.succeed("went on")))
      yield* Deferred.await(reached)
      fiber.unsafeInterruptAsFork(FiberId.none)
      yield* Deferred.succeed(go, undefined)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
    }))

  it.effect("runs to its end with the services and the exit it is for, the last one first", () =>
    Effect.gen(function*() {
      const said = yield* Ref.make<ReadonlyArray<string>>([])
      const say = (word: string) => Ref.update(said, (all) => [...all, word])
      const scope = yield* Scope.make()
      yield* addFinalizer((exit) =>
        Effect.zipRight(Effect.yieldNow(), Effect.scopeWith((own) => say(`${exit._tag} ${own === scope}`)))
      ).pipe(Scope.extend(scope))
      assert.strictEqual(
        yield* Scope.extend(acquireRelease(Effect.succeed("a"), (name) => say(name)), scope),
        "a"
      )
      yield* Scope.close(scope, Exit.fail("x"))
      assert.deepStrictEqual(yield* Ref.get(said), ["a", "Failure true"])
    }))
})
