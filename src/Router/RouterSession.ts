import type { Effect } from "effect"
import type { SessionEvent } from "../domain/SessionEvent.ts"
import type { SessionId } from "../domain/SessionId.ts"
import type { Stage } from "../Workspace.ts"

/** A question for a human: the policy or the design wants one. `diff` is a unified diff or empty. */
export interface ReviewRequest {
  readonly session: SessionId
  readonly kind: "action" | "change" | "merge" | "debug"
  readonly reason: string
  readonly diff: string
}

/**
 * The human's answer; headless sessions always answer no. `scope` "session" (of an action or a change) lets exactly this be repeated in
 * this session without another question; without it a yes is for once.
 */
export interface ReviewAnswer {
  readonly approved: boolean
  readonly reason: string
  readonly scope?: "once" | "session"
}

/** One session as the router sees it: its stage, who listens, and who answers questions. `peer` is whose connection it is, if any. */
export interface RouterSession {
  readonly id: SessionId
  readonly peer?: string
  readonly stage: Stage
  readonly emit: (event: SessionEvent) => Effect.Effect<void>
  readonly review: (request: ReviewRequest) => Effect.Effect<ReviewAnswer>
}
