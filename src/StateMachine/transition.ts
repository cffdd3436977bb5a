import { Either, Option } from "effect"
import type { Mode, Phase } from "../domain/Phase.ts"
import type { SessionId } from "../domain/SessionId.ts"
import type { Classify } from "./classify.ts"
import { afterChanges, afterCompletion, afterRun, newlyRed } from "./effects.ts"
import { changedClasses, completionRefusal, permitsAll, type Refusal, refuse } from "./gate.ts"
import { type Fact, phaseInForce, phaseTable } from "./phaseTable.ts"
import type { SessionState, StateEvent } from "./SessionState.ts"
import { TransitionRefused } from "./StateMachineError.ts"

/** A session before its task. */
export const initial = (session: SessionId, mode: Mode): SessionState => ({
  session,
  mode,
  phase: "idle",
  resume: null,
  written: {},
  locked: {},
  redTests: [],
  reds: 0,
  touchedSource: false,
  verdict: null
})

/** A state read back after its process died: a run it was waiting for never ended, so it is where that run started. */
export const recover = (state: SessionState): SessionState =>
  state.phase === "test_running" ? { ...state, phase: phaseInForce(state), resume: null } : state

const factsOf = (state: SessionState, event: StateEvent, classify: Classify): ReadonlySet<Fact> => {
  const facts = new Set<Fact>()
  if (state.mode === "explore") facts.add("explore mode")
  if (state.mode === "debug") facts.add("debug mode")
  if (event._tag === "ChangesAccepted") {
    const classes = changedClasses(event.changes, classify)
    if (classes.has("test")) facts.add("a test file changed")
    if (classes.has("source")) facts.add("a source file changed")
  }
  if (event._tag === "TestRunFinished") {
    if (event.verdict.verdict === "green") facts.add("green")
    if (newlyRed(state, event.verdict).length > 0) facts.add("red")
  }
  if (event._tag === "TaskCompleted" && completionRefusal(state) === null) facts.add("only exempt files changed")
  if (state.resume === "planning") facts.add("no test was involved")
  if (state.resume === "test_writing") facts.add("no test was red yet")
  return facts
}

/** The phase an event leads to, null when the table has no edge for it. */
const follow = (from: Phase, event: StateEvent, facts: ReadonlySet<Fact>): Phase | null =>
  phaseTable[from].edges.find((edge) => edge.on === event._tag && (edge.when === null || facts.has(edge.when)))?.to ??
    null

const modeRefusal = (state: SessionState, event: StateEvent & { readonly _tag: "ModeChanged" }): string | null => {
  if (event.by !== "human") return "only a human changes the mode"
  return state.phase === "idle" || phaseTable[state.phase].working ? null : `the mode is not changed in ${state.phase}`
}

/** What forbids the event beyond the table's edges. */
const refusal = (state: SessionState, event: StateEvent, classify: Classify): Option.Option<Refusal> => {
  switch (event._tag) {
    case "ChangesAccepted":
      return permitsAll(state, event.changes, classify)
    case "TaskCompleted":
      return Option.map(Option.fromNullable(completionRefusal(state)), (reason) => refuse(state, reason))
    case "ModeChanged":
      return Option.map(Option.fromNullable(modeRefusal(state, event)), (reason) => refuse(state, reason))
    case "TestRunFinished":
      return state.phase === "test_running" ? Option.none() : Option.some(refuse(state, "no test run is under way"))
    default:
      return follow(state.phase, event, factsOf(state, event, classify)) === null
        ? Option.some(refuse(state, `it has no meaning in phase ${state.phase}`))
        : Option.none()
  }
}

/** The next state after an event the gate has let through. */
const advance = (state: SessionState, event: StateEvent, classify: Classify): SessionState => {
  const from = phaseInForce(state)
  const to = follow(from, event, factsOf(state, event, classify))
  switch (event._tag) {
    case "ChangesAccepted": {
      const next = afterChanges(state, event.changes, to, classify)
      return state.phase === "test_running" ? { ...next, resume: to ?? from } : { ...next, phase: to ?? from }
    }
    case "TestRunStarted":
      return { ...state, phase: "test_running", resume: state.phase }
    case "TestRunFinished":
      return { ...afterRun(state, from, to, event.verdict), phase: to ?? from, resume: null }
    case "TaskCompleted":
      return afterCompletion(state, to ?? from, event.necessity)
    case "ModeChanged":
      return { ...state, mode: event.mode }
    default:
      return {
        ...state,
        phase: follow(state.phase, event, factsOf(state, event, classify)) ?? state.phase,
        resume: null
      }
  }
}

/** The pure step of a session: the next state, or why the event is refused and what is possible instead. */
export const transition = (
  state: SessionState,
  event: StateEvent,
  classify: Classify
): Either.Either<SessionState, TransitionRefused> =>
  Option.match(refusal(state, event, classify), {
    onNone: () => Either.right(advance(state, event, classify)),
    onSome: (why) => Either.left(new TransitionRefused({ phase: state.phase, event: event._tag, ...why }))
  })
