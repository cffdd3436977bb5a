import { Context, Effect, Layer, Ref } from "effect"
import type { Mode } from "./domain/Phase.ts"
import type { SessionId } from "./domain/SessionId.ts"
import type { Classify } from "./StateMachine/classify.ts"
import type { SessionState, StateEvent } from "./StateMachine/SessionState.ts"
import { StateMachineFailed, type TransitionRefused } from "./StateMachine/StateMachineError.ts"
import { initial, transition } from "./StateMachine/transition.ts"

export { type Before, tally } from "./StateMachine/before.ts"
export { type Classify, type ClassPatterns, make as makeClassify, type PathClass } from "./StateMachine/classify.ts"
export { testKey } from "./StateMachine/effects.ts"
export { canCall, permits, permitsAll, type Refusal } from "./StateMachine/gate.ts"
export * from "./StateMachine/phaseTable.ts"
export * from "./StateMachine/SessionState.ts"
export * from "./StateMachine/StateMachineError.ts"
export { initial, recover, transition } from "./StateMachine/transition.ts"
export { judge, judgeAll, runProblem, type TestRun, type VerdictContext } from "./StateMachine/verdict.ts"

/** The phase of each session. Transitions are pure (`StateMachine/transition.ts`); this keeps and persists their result. */
export class StateMachine extends Context.Tag("fluffy/StateMachine")<StateMachine, {
  /** A session in `idle`; fails when the id is taken. */
  readonly create: (session: SessionId, mode: Mode) => Effect.Effect<SessionState, StateMachineFailed>
  readonly get: (session: SessionId) => Effect.Effect<SessionState, StateMachineFailed>
  /** Applies one event and saves the new state before it returns; a refused event changes nothing. */
  readonly apply: (
    session: SessionId,
    event: StateEvent
  ) => Effect.Effect<SessionState, TransitionRefused | StateMachineFailed>
  /** Every session known, newest first. */
  readonly list: Effect.Effect<ReadonlyArray<SessionState>, StateMachineFailed>
}>() {}

/** Sessions held in memory: for tests, and for an app that embeds the kernel. `classify` tells tests, sources and exempt files apart. */
export const layerMemory = (options: { readonly classify: Classify }): Layer.Layer<StateMachine> =>
  Layer.effect(StateMachine, make(options.classify))

const make = Effect.fnUntraced(function*(classify: Classify) {
  const sessions = yield* Ref.make<ReadonlyMap<SessionId, SessionState>>(new Map())
  const lock = yield* Effect.makeSemaphore(1)
  const find = Effect.fnUntraced(function*(method: string, session: SessionId) {
    const state = (yield* Ref.get(sessions)).get(session)
    return state ?? (yield* new StateMachineFailed({ method, reason: "unknown session" }))
  })
  const save = (state: SessionState) => Ref.update(sessions, (map) => new Map(map).set(state.session, state))
  return StateMachine.of({
    create: Effect.fn("StateMachine.create")(function*(session: SessionId, mode: Mode) {
      if ((yield* Ref.get(sessions)).has(session)) {
        return yield* new StateMachineFailed({ method: "create", reason: "session exists" })
      }
      const state = initial(session, mode)
      yield* save(state)
      return state
    }, lock.withPermits(1)),
    get: Effect.fn("StateMachine.get")((session: SessionId) => find("get", session)),
    apply: Effect.fn("StateMachine.apply")(function*(session: SessionId, event: StateEvent) {
      const next = yield* transition(yield* find("apply", session), event, classify)
      yield* save(next)
      return next
    }, lock.withPermits(1)),
    list: Effect.map(Ref.get(sessions), (map) => [...map.values()].toReversed())
  })
})
