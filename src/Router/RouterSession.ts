import type { Effect } from "effect"
import type { Person } from "../domain/Person.ts"
import type { SessionEvent } from "../domain/SessionEvent.ts"
import type { SessionId } from "../domain/SessionId.ts"
import type { PolicyRequest, Wider } from "../Policy.ts"
import type { Stage } from "../Workspace.ts"

/**
 * A question for a human: the policy or the design wants one. `diff` is a unified diff or empty. `repeats` is there when a yes may
 * stand for more than once: what exactly is asked, and whether it can be kept for always in this project.
 */
export interface ReviewRequest {
  readonly session: SessionId
  readonly kind: "action" | "change" | "merge" | "debug"
  readonly reason: string
  readonly diff: string
  readonly repeats?: { readonly asked: ReadonlyArray<PolicyRequest>; readonly always: boolean }
}

/**
 * The human's answer; headless sessions always answer no. `scope` (of a question that `repeats`) says how long a yes stands: for this
 * once, which is what no scope means, in this session, or always in this project. `wider` is what it then covers beyond exactly what was
 * asked. `by` goes on record.
 */
export interface ReviewAnswer {
  readonly approved: boolean
  readonly reason: string
  readonly scope?: "once" | "session" | "always"
  readonly wider?: Wider
  readonly by?: Person
}

/** One session as the router sees it: its stage, who listens, and who answers questions. `peer` is whose connection it is, if any. */
export interface RouterSession {
  readonly id: SessionId
  readonly peer?: string
  readonly stage: Stage
  readonly emit: (event: SessionEvent) => Effect.Effect<void>
  readonly review: (request: ReviewRequest) => Effect.Effect<ReviewAnswer>
}
