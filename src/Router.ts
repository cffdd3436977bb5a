import { Context, type Effect } from "effect"
import type { SessionEvent } from "./domain/SessionEvent.ts"
import type { SessionId } from "./domain/SessionId.ts"
import type { ToolCall, ToolResult } from "./domain/ToolCall.ts"
import type { RouterFailed } from "./Router/RouterError.ts"
import type { ToolSpec } from "./Router/ToolSpec.ts"
import type { Stage } from "./Workspace.ts"

export * from "./Router/RouterError.ts"
export * from "./Router/ToolSpec.ts"

/** A question for a human: the policy or the design wants one. `diff` is a unified diff or empty. */
export interface ReviewRequest {
  readonly session: SessionId
  readonly kind: "action" | "change" | "merge" | "debug"
  readonly reason: string
  readonly diff: string
}

/** The human's answer; headless sessions always answer no. */
export interface ReviewAnswer {
  readonly approved: boolean
  readonly reason: string
}

/** One session as the router sees it: its stage, who listens, and who answers questions. */
export interface RouterSession {
  readonly id: SessionId
  readonly stage: Stage
  readonly emit: (event: SessionEvent) => Effect.Effect<void>
  readonly review: (request: ReviewRequest) => Effect.Effect<ReviewAnswer>
}

/** The one way a model's call becomes an effect: look up, decode, phase gate, policy, execute, gate the change set, audit. */
export class Router extends Context.Tag("fluffy/Router")<Router, {
  readonly tools: ReadonlyArray<ToolSpec>
  /** Runs one call. Refusals and errors the model can act on are results; only a broken kernel fails. */
  readonly call: (session: RouterSession, call: ToolCall) => Effect.Effect<ToolResult, RouterFailed>
}>() {}
