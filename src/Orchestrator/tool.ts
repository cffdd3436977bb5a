import { Effect } from "effect"
import type { Mode } from "../domain/Phase.ts"
import type { ToolCall, ToolResult } from "../domain/ToolCall.ts"
import { advance } from "../Router.ts"
import { openSession } from "./openSession.ts"
import { fromKernel, type OrchestratorFailed } from "./OrchestratorError.ts"
import type { Parts } from "./Parts.ts"
import type { Observer, OrchestratorOptions } from "./TaskRequest.ts"

/** Runs one tool call in a session of its own: for scripts and debugging. What it changed is shown by the tool and dropped with the stage. */
export const tool = Effect.fn("Orchestrator.tool")((
  parts: Parts,
  options: OrchestratorOptions,
  call: ToolCall,
  mode: Mode,
  observer: Observer
): Effect.Effect<ToolResult, OrchestratorFailed> =>
  Effect.scoped(Effect.gen(function*() {
    const session = yield* openSession(parts, options, observer, {
      mode,
      action: "tool.started",
      detail: { tool: call.name.slice(0, 100) }
    })
    yield* Effect.mapError(advance(parts, session, { _tag: "TaskSubmitted" }), fromKernel)
    const result = yield* Effect.mapError(parts.router.call(session, call), fromKernel)
    yield* Effect.mapError(advance(parts, session, { _tag: "SessionFailed", reason: "a single tool call" }), fromKernel)
    return result
  }))
)
