import { Context, type Effect } from "effect"
import type { Mode } from "./domain/Phase.ts"
import type { SessionId } from "./domain/SessionId.ts"
import type { SessionState, StateEvent } from "./StateMachine/SessionState.ts"
import type { StateMachineFailed, TransitionRefused } from "./StateMachine/StateMachineError.ts"

export * from "./StateMachine/SessionState.ts"
export * from "./StateMachine/StateMachineError.ts"

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
