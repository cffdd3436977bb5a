import type { LanguageModel } from "@effect/ai"
import { Context, type Effect } from "effect"
import type { ChangeSet } from "./domain/Change.ts"
import type { Mode } from "./domain/Phase.ts"
import type { Outcome, SessionEvent } from "./domain/SessionEvent.ts"
import type { SessionId } from "./domain/SessionId.ts"
import type { ToolCall, ToolResult } from "./domain/ToolCall.ts"
import type { Verdict } from "./domain/Verdict.ts"
import type { OrchestratorFailed } from "./Orchestrator/OrchestratorError.ts"
import type { ReviewAnswer, ReviewRequest } from "./Router.ts"
import type { SandboxCommand, SandboxResult } from "./Sandbox.ts"

export * from "./Orchestrator/OrchestratorError.ts"

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

/** Who watches a session and answers its questions. */
export interface Observer {
  readonly emit: (event: SessionEvent) => Effect.Effect<void>
  readonly review: (request: ReviewRequest) => Effect.Effect<ReviewAnswer>
}

/** How a session ended; the caller maps `outcome` to its exit code with `exitCode`. */
export interface SessionSummary {
  readonly session: SessionId
  readonly outcome: Outcome
  readonly exitCode: number
  readonly changed: ReadonlyArray<string>
  readonly summary: string
  readonly verdict: Verdict | null
  readonly usage: { readonly input: number; readonly output: number; readonly cached: number }
  readonly turns: number
  readonly durationMs: number
}

/** A session's life: create, run, review, merge, close. Interruption ends it cleanly at any moment. */
export class Orchestrator extends Context.Tag("fluffy/Orchestrator")<Orchestrator, {
  /** Runs a task to its end with the model in the context. Every ordinary ending is a summary; the error channel is for a kernel that cannot go on. */
  readonly run: (
    request: TaskRequest,
    observer: Observer
  ) => Effect.Effect<SessionSummary, OrchestratorFailed, LanguageModel.LanguageModel>
  /** One tool call through gate, policy and audit in a session of its own; an accepted change goes through review and merge. */
  readonly tool: (call: ToolCall, mode: Mode, observer: Observer) => Effect.Effect<ToolResult, OrchestratorFailed>
  /** One command in the sandbox over a stage that is dropped afterwards, with what it changed there. */
  readonly exec: (
    command: Pick<SandboxCommand, "command" | "args"> & {
      readonly timeoutMs?: number
      readonly onOutput?: NonNullable<SandboxCommand["onOutput"]>
    }
  ) => Effect.Effect<{ readonly result: SandboxResult; readonly changes: ChangeSet }, OrchestratorFailed>
}>() {}
