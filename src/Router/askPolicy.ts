import { Effect } from "effect"
import type { Decision } from "../domain/Decision.ts"
import type { SessionId } from "../domain/SessionId.ts"
import { quoteWord } from "../internal/text.ts"
import type { PolicyRequest, Presented } from "../Policy.ts"
import type { Leaves } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"

/** What a request is about on one line, for the log or a person: at most so many characters, and how many are left out. */
export const what = ({ action, args = [], command, host, path }: PolicyRequest, most = 500): string => {
  const words = [path, command, ...args, host].filter((word) => word !== undefined)
  const line = [action, ...words.map(quoteWord)].join(" ")
  return line.length > most ? `${line.slice(0, most)}… (${line.length - most} more characters)` : line
}

/** Asks the policy on behalf of a session. An extension that failed over it is on record before the answer counts. */
export const askPolicy = Effect.fnUntraced(function*(
  { audit, policy }: Pick<Leaves, "audit" | "policy">,
  session: SessionId,
  request: PolicyRequest,
  presented?: Presented
): Effect.fn.Return<Decision, RouterFailed> {
  const decision = yield* policy.decide(request, presented)
  for (const failed of decision.failures ?? []) {
    yield* Effect.mapError(
      audit.commit({
        session,
        phase: request.phase,
        mode: request.mode,
        category: "policy",
        action: "extension.failed",
        actor: "kernel",
        decision: "deny",
        rule: failed.extension,
        detail: { ...failed, what: what(request) }
      }),
      fromLeaf(request.action)
    )
  }
  return decision
})
