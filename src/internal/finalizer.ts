import { Context, Effect, type Exit, Scope } from "effect"

/**
 * `Effect.addFinalizer` that loses no interruption: that of Effect 3.22.4 puts back the fiber refs of before when it is over, and with them
 * forgets an interruption that came meanwhile. It runs with the services of where it was added, and cannot be interrupted.
 */
export const addFinalizer = <X, R>(
  finalizer: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<X, never, R>
): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.contextWithEffect((context: Context.Context<R | Scope.Scope>) =>
    Scope.addFinalizerExit(
      Context.get(context, Scope.Scope),
      (exit) => Effect.uninterruptible(Effect.provide(finalizer(exit), context))
    )
  )

/** `Effect.acquireRelease` with such a finalizer. */
export const acquireRelease = <A, E, R, X, R2>(
  acquire: Effect.Effect<A, E, R>,
  release: (value: A, exit: Exit.Exit<unknown, unknown>) => Effect.Effect<X, never, R2>
): Effect.Effect<A, E, R | R2 | Scope.Scope> =>
  Effect.uninterruptible(Effect.tap(acquire, (value) => addFinalizer((exit) => release(value, exit))))
