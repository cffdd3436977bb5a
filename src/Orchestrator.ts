import { Context, Effect, Layer } from "effect"
import type { Agent } from "./Agent.ts"
import type { Audit } from "./Audit.ts"
import type { Mode } from "./domain/Phase.ts"
import type { ToolCall, ToolResult } from "./domain/ToolCall.ts"
import { exec } from "./Orchestrator/exec.ts"
import type { OrchestratorFailed } from "./Orchestrator/OrchestratorError.ts"
import { gather } from "./Orchestrator/Parts.ts"
import { run } from "./Orchestrator/run.ts"
import type {
  ExecReport,
  ExecRequest,
  Observer,
  OrchestratorOptions,
  SessionSummary,
  TaskRequest
} from "./Orchestrator/TaskRequest.ts"
import { tool } from "./Orchestrator/tool.ts"
import type { Policy } from "./Policy.ts"
import type { Router } from "./Router.ts"
import type { Sandbox } from "./Sandbox.ts"
import type { StateMachine } from "./StateMachine.ts"
import type { Workspace } from "./Workspace.ts"

export * from "./Orchestrator/OrchestratorError.ts"
export * from "./Orchestrator/TaskRequest.ts"

/** A session's life: create, run, review, merge, close. Interruption ends it cleanly at any moment. */
export class Orchestrator extends Context.Tag("fluffy/Orchestrator")<Orchestrator, {
  /** Runs a task to its end. Every ordinary ending is a summary; the error channel is for a kernel that cannot go on. */
  readonly run: (request: TaskRequest, observer: Observer) => Effect.Effect<SessionSummary, OrchestratorFailed>
  /** One tool call through gate, policy and audit in a session of its own whose stage is dropped afterwards. */
  readonly tool: (call: ToolCall, mode: Mode, observer: Observer) => Effect.Effect<ToolResult, OrchestratorFailed>
  /** One command in the sandbox over a stage that is dropped afterwards, with what it changed there. */
  readonly exec: (command: ExecRequest) => Effect.Effect<ExecReport, OrchestratorFailed>
}>() {}

/** The orchestrator over the modules in the context. */
export const layer = (
  options: OrchestratorOptions
): Layer.Layer<
  Orchestrator,
  never,
  Agent | Audit | Policy | Router | Sandbox | StateMachine | Workspace
> =>
  Layer.effect(
    Orchestrator,
    Effect.map(gather, (parts) =>
      Orchestrator.of({
        run: (request, observer) => run(parts, options, request, observer),
        tool: (call, mode, observer) => tool(parts, options, call, mode, observer),
        exec: (request) => exec(parts, options, request)
      }))
  )
