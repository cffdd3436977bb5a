import { Effect } from "effect"
import type { Verdict } from "../../../domain/Verdict.ts"
import { isoNow } from "../../../internal/time.ts"
import type { SessionState } from "../../../StateMachine.ts"
import { subject } from "../../Leaves.ts"
import { fromLeaf } from "../../RouterError.ts"
import type { ToolContext } from "../../Tool.ts"

const maxNamed = 50

/** Puts a verdict on record, durable before anything is built on it, and tells the watcher. */
export const recordVerdict = Effect.fnUntraced(function*(context: ToolContext, state: SessionState, verdict: Verdict) {
  const { leaves, session } = context
  const { failed, files, passed, reason, skipped } = verdict
  const named = Object.fromEntries(
    (["red", "failedBefore", "removed", "unmerged"] as const).flatMap((name) => {
      const tests = verdict[name]
      return tests === undefined ? [] : [[name, tests.slice(0, maxNamed)]]
    })
  )
  yield* leaves.audit.commit({
    ...subject(session.id, state),
    category: "test",
    action: "test.verdict",
    actor: "kernel",
    detail: {
      verdict: verdict.verdict,
      reason: reason.slice(0, 500),
      passed,
      failed,
      skipped,
      files: files.slice(0, maxNamed),
      failing: verdict.failures.slice(0, maxNamed).map(({ file, name }) => `${file ?? "?"} > ${name}`.slice(0, 300)),
      ...named,
      ...(verdict.baseline === undefined ? {} : { baseline: verdict.baseline.slice(0, 500) }),
      locked: state.locked
    }
  }).pipe(Effect.mapError(fromLeaf("test.run")))
  yield* session.emit({
    type: "test.verdict",
    at: yield* isoNow,
    session: session.id,
    verdict: verdict.verdict,
    reason,
    passed,
    failed,
    skipped,
    files,
    ...named
  })
})
