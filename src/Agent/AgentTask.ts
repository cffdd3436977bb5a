import type { Effect } from "effect"
import type { Mode } from "../domain/Phase.ts"
import type { ToolCall, ToolResult } from "../domain/ToolCall.ts"
import type { RouterFailed, RouterSession, ToolSpec } from "../Router.ts"
import type { SessionState } from "../StateMachine.ts"

/** What the agent is given: the task, what it may call, and what it may know. `files` are paths of the stage, `notes` the project's AGENTS.md. */
export interface AgentTask {
  readonly session: Pick<RouterSession, "id" | "emit">
  readonly mode: Mode
  readonly tools: ReadonlyArray<ToolSpec>
  readonly call: (call: ToolCall) => Effect.Effect<ToolResult, RouterFailed>
  readonly state: Effect.Effect<SessionState, RouterFailed>
  readonly files: ReadonlyArray<string>
  readonly notes: string | undefined
  readonly maxTurns: number
  readonly maxTokens: number
}

/** Tokens so far. `cached` counts those of `input` that the provider had cached. */
export interface Usage {
  readonly input: number
  readonly output: number
  readonly cached: number
}

/**
 * How a run ended: the model completed the task, answered (explore mode), fell silent without completing, a limit stopped it, or its
 * provider failed. `text` is the model's last words, or the failure.
 */
export interface AgentOutcome {
  readonly ended: "completed" | "answered" | "idle" | "turns" | "tokens" | "failed"
  readonly text: string
  readonly usage: Usage
  readonly turns: number
}
