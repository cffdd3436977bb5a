import { Effect } from "effect"
import { Audit, type AuditEvent } from "../Audit.ts"
import type { Baseline } from "../domain/Baseline.ts"
import type { Necessity } from "../domain/Necessity.ts"
import type { Person } from "../domain/Person.ts"
import type { SessionId } from "../domain/SessionId.ts"
import { isoNow } from "../internal/time.ts"
import { type Capability, Policy, type PolicyRequest } from "../Policy.ts"
import { Sandbox } from "../Sandbox.ts"
import { type SessionState, type StateEvent, StateMachine, type TransitionRefused } from "../StateMachine.ts"
import type { Stage } from "../Workspace.ts"
import { maskingAudit } from "./maskingAudit.ts"
import type { NetworkLedger } from "./network/Network.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import type { Selected } from "./Runners.ts"

/** A token that an answer for longer than once left: the question it answers, and what it covers. `saved` is the grant it was made from. */
export interface Held {
  readonly capability: Capability
  readonly question: string
  readonly covers: (request: PolicyRequest) => boolean
  readonly saved?: string
}

/** The tokens of each session; they go when its stage does. */
export type Approvals = WeakMap<Stage, Array<Held>>

/** What the router remembers of an open stage. */
export interface Memory {
  /** What the tests did before the session, without (false) and with a network. */
  baselines?: ReadonlyMap<boolean, Baseline>
  /** How long the last green run of all tests took. */
  greenMs?: number
  /** The runners last chosen, and for which call and state of the stage. */
  selected?: { readonly of: string; readonly found: ReadonlyArray<Selected> }
  /** The last necessity check, and the diff it was of. */
  necessity?: { readonly of: string; readonly found: Necessity }
  network?: NetworkLedger
  /** Whether what was installed before has been shown. */
  attached?: boolean
}

/** The leaves a tool call meets, gathered once when the router is built. */
export interface Leaves {
  readonly audit: Audit["Type"]
  readonly policy: Policy["Type"]
  readonly stateMachine: StateMachine["Type"]
  readonly sandbox: Sandbox["Type"]
  readonly approvals: Approvals
  /** What the sandbox has of each kind of package tools, as they told of themselves. */
  readonly tools: Map<string, string>
  readonly memoryOf: (stage: Stage) => Memory
}

export const gather = Effect.all({
  audit: Effect.map(Audit, maskingAudit),
  policy: Policy,
  stateMachine: StateMachine,
  sandbox: Sandbox,
  approvals: Effect.sync((): Approvals => new WeakMap()),
  tools: Effect.sync(() => new Map<string, string>()),
  memoryOf: Effect.sync(() => {
    const memories = new WeakMap<Stage, Memory>()
    return (stage: Stage): Memory => {
      const memory = memories.get(stage) ?? {}
      memories.set(stage, memory)
      return memory
    }
  })
})

/** What every audit event of a session shares. */
export const subject = (session: SessionId, state: SessionState): Pick<AuditEvent, "session" | "phase" | "mode"> => ({
  session,
  phase: state.phase,
  mode: state.mode
})

/** Applies an event, puts a change of phase or mode on record (`by` is who changed the mode) and tells the watcher. */
export const advance = Effect.fnUntraced(function*(
  leaves: Pick<Leaves, "audit" | "stateMachine">,
  session: Pick<RouterSession, "id" | "emit">,
  event: StateEvent,
  by?: Person
): Effect.fn.Return<SessionState, TransitionRefused | RouterFailed> {
  const before = yield* Effect.mapError(leaves.stateMachine.get(session.id), fromLeaf(event._tag))
  const after = yield* leaves.stateMachine.apply(session.id, event).pipe(
    Effect.catchTag("StateMachineFailed", (error) => Effect.fail(fromLeaf(event._tag)(error)))
  )
  if (before.mode !== after.mode) yield* recordMode(leaves.audit, session.id, before, after, by)
  if (before.phase === after.phase) return after
  yield* leaves.audit.append({
    ...subject(session.id, after),
    category: "phase",
    action: "phase.changed",
    actor: "kernel",
    detail: { from: before.phase, to: after.phase, event: event._tag }
  }).pipe(Effect.mapError(fromLeaf(event._tag)))
  yield* session.emit({
    type: "phase.changed",
    at: yield* isoNow,
    session: session.id,
    from: before.phase,
    to: after.phase
  })
  return after
})

const recordMode = (
  audit: Audit["Type"],
  session: SessionId,
  before: SessionState,
  after: SessionState,
  by: Person | undefined
) =>
  Effect.mapError(
    audit.commit({
      ...subject(session, after),
      category: "phase",
      action: "mode.changed",
      actor: "human",
      detail: { from: before.mode, to: after.mode, reds: before.reds, by: by ?? null }
    }),
    fromLeaf("mode")
  )
