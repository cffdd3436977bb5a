import { Schema } from "effect"
import { Change } from "../domain/Change.ts"
import { Necessity } from "../domain/Necessity.ts"
import { Mode, Phase } from "../domain/Phase.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { SessionId } from "../domain/SessionId.ts"
import { Verdict } from "../domain/Verdict.ts"

const Hashes = Schema.Record({ key: ProjectPath, value: Schema.String })

/**
 * Everything the phase gate knows of a session. `written` are the test files this session wrote and their SHA-256, `locked` those
 * that went red (path -> SHA-256), `redTests` the names that failed, `reds` the red runs in a row since the last green in `coding`,
 * `resume` the phase a test run or review returns to, `necessity` what came of the check before the task was completed.
 */
export const SessionState = Schema.Struct({
  session: SessionId,
  mode: Mode,
  phase: Phase,
  resume: Schema.NullOr(Phase),
  written: Hashes,
  locked: Hashes,
  redTests: Schema.Array(Schema.String),
  reds: Schema.Number,
  touchedSource: Schema.Boolean,
  verdict: Schema.NullOr(Verdict),
  necessity: Schema.optional(Necessity)
})
export type SessionState = typeof SessionState.Type

/** What can happen to a session. `TestRunFinished` carries the kernel's verdict and the hashes of this session's test files. */
export const StateEvent = Schema.Union(
  Schema.TaggedStruct("TaskSubmitted", {}),
  Schema.TaggedStruct("ChangesAccepted", { changes: Schema.Array(Change) }),
  Schema.TaggedStruct("TestRunStarted", {}),
  Schema.TaggedStruct("TestRunFinished", { verdict: Verdict }),
  Schema.TaggedStruct("TaskCompleted", { necessity: Schema.optional(Necessity) }),
  Schema.TaggedStruct("ReviewApproved", {}),
  Schema.TaggedStruct("ReviewRejected", { reason: Schema.String }),
  Schema.TaggedStruct("ModeChanged", { mode: Mode, by: Schema.Literal("human") }),
  Schema.TaggedStruct("SessionFailed", { reason: Schema.String })
)
export type StateEvent = typeof StateEvent.Type
