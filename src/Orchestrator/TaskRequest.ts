import type { Effect } from "effect"
import type { ChangeSet } from "../domain/Change.ts"
import type { Necessity } from "../domain/Necessity.ts"
import type { Person } from "../domain/Person.ts"
import type { Mode } from "../domain/Phase.ts"
import type { Outcome, SessionEvent } from "../domain/SessionEvent.ts"
import type { SessionId } from "../domain/SessionId.ts"
import type { Verdict } from "../domain/Verdict.ts"
import type { ReviewAnswer, ReviewRequest } from "../Router.ts"
import type { SandboxCommand, SandboxResult } from "../Sandbox.ts"

/** A task for one session. `model` is the name shown and recorded; `headless` answers every question with no. Tokens count input and output. */
export interface TaskRequest {
  readonly task: string
  readonly mode: Mode
  readonly model: string
  readonly maxTurns: number
  readonly maxTokens: number
  readonly headless: boolean
  readonly commit: boolean
}

/** Who watches a session and answers its questions; `person` goes on record as who started it. */
export interface Observer {
  readonly person?: Person
  readonly emit: (event: SessionEvent) => Effect.Effect<void>
  readonly review: (request: ReviewRequest) => Effect.Effect<ReviewAnswer>
}

/** How a session ended. `exitCode` is the design's; `patch` is where a diff was kept that did not reach the project. */
export interface SessionSummary {
  readonly session: SessionId
  readonly outcome: Outcome
  readonly exitCode: number
  readonly changed: ReadonlyArray<string>
  readonly summary: string
  readonly verdict: Verdict | null
  readonly necessity: Necessity | null
  readonly usage: { readonly input: number; readonly output: number; readonly cached: number }
  readonly turns: number
  readonly durationMs: number
}

/** One command for `exec`. With `network` it reaches the configured hosts as far as the policy lets it; `review` answers what a rule asks. */
export type ExecRequest = Pick<SandboxCommand, "command" | "args"> & {
  readonly timeoutMs?: number
  readonly network?: boolean
  readonly review?: Observer["review"]
  readonly onOutput?: NonNullable<SandboxCommand["onOutput"]>
}

/** What came of it: the command's result, what it changed in a stage that is gone now, and the connections it was refused. */
export interface ExecReport {
  readonly result: SandboxResult
  readonly refused: ReadonlyArray<string>
  readonly changes: ChangeSet
}

/** What the orchestrator is told once; patterns as in `.gitignore`. */
export interface OrchestratorOptions {
  readonly project: string
  readonly secrets: ReadonlyArray<string>
  readonly sensitive: ReadonlyArray<string>
  readonly maxChangedLines: number
  readonly necessity: "off" | "report" | "require"
  readonly maxFileBytes: number
  readonly timeoutMs: number
}

/** The design's exit code of each ordinary ending. */
export const exitCodes: Record<Outcome, number> = {
  done: 0,
  stopped: 3,
  review: 4,
  denied: 5,
  no_verdict: 6,
  model_failed: 8,
  interrupted: 130,
  internal_error: 1
}
