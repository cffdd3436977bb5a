import { Effect } from "effect"
import { isoNow, timed } from "../internal/time.ts"
import type { RouterSession } from "../Router.ts"
import { abandon } from "./abandon.ts"
import { converse, type Ending } from "./converse.ts"
import { headlessReview } from "./headless.ts"
import { openSession } from "./openSession.ts"
import { fromKernel, OrchestratorFailed } from "./OrchestratorError.ts"
import type { Parts } from "./Parts.ts"
import {
  exitCodes,
  type Observer,
  type OrchestratorOptions,
  type SessionSummary,
  type TaskRequest
} from "./TaskRequest.ts"

/** Runs a task to its end. Interruption is put on record and leaves the project as it was, unless the merge was already journaled. */
export const run = Effect.fn("Orchestrator.run")(
  function*(
    parts: Parts,
    options: OrchestratorOptions,
    request: TaskRequest,
    watcher: Observer
  ): Effect.fn.Return<SessionSummary, OrchestratorFailed> {
    if (request.mode === "debug" && request.headless) {
      const detail = "Debug mode lifts the test-first gate, so only a person enters it, and this run is headless. " +
        "Start it at a terminal, without --no-input, or in strict mode"
      return yield* new OrchestratorFailed({ reason: "mode", detail })
    }
    const observer = request.headless ? { ...watcher, review: headlessReview } : watcher
    return yield* Effect.scoped(Effect.gen(function*() {
      const session = yield* openSession(parts, options, observer, {
        mode: request.mode,
        action: "session.started",
        detail: {
          task: request.task.slice(0, 10_000),
          model: request.model,
          headless: request.headless,
          by: watcher.person ?? null
        }
      })
      yield* parts.sandbox.warm(session.stage.root)
      yield* observer.emit({
        type: "session.started",
        at: yield* isoNow,
        session: session.id,
        task: request.task,
        mode: request.mode,
        model: request.model,
        sandbox: parts.sandbox.backend,
        ...parts.sandbox.chosen === undefined ? {} : { sandboxReason: parts.sandbox.chosen.why }
      })
      const [ending, durationMs] = yield* timed(
        converse(parts, options, session, request).pipe(
          Effect.onInterrupt(() => Effect.ignore(abandon(parts, session, "session.interrupted", "interrupted"))),
          Effect.tapError((error) => Effect.ignore(abandon(parts, session, "session.failed", error.message)))
        )
      )
      return yield* finish(parts, session, ending, durationMs)
    }))
  }
)

const maxNamed = 50

const finish = Effect.fnUntraced(function*(
  parts: Parts,
  session: RouterSession,
  ending: Ending,
  durationMs: number
): Effect.fn.Return<SessionSummary, OrchestratorFailed> {
  const state = yield* Effect.mapError(parts.stateMachine.get(session.id), fromKernel)
  const exitCode = exitCodes[ending.outcome]
  const { changed, outcome, summary, turns, usage } = ending
  const tests = state.verdict === null
    ? "no test was involved"
    : `${state.verdict.verdict}: ${state.verdict.passed} passed, ${state.verdict.failed} failed`
  const { failedBefore = [] } = state.verdict ?? {}
  const { undemanded = [] } = state.necessity ?? {}
  const found = {
    ...(failedBefore.length === 0 ? {} : { failedBefore: failedBefore.slice(0, maxNamed) }),
    ...(undemanded.length === 0 ? {} : { undemanded })
  }
  yield* Effect.mapError(
    parts.audit.commit({
      session: session.id,
      category: "session",
      action: "session.finished",
      actor: "kernel",
      phase: state.phase,
      mode: state.mode,
      detail: { outcome, exitCode, changed, tests, ...found, ...usage, turns },
      durationMs: Math.round(durationMs)
    }),
    fromKernel
  )
  yield* session.emit({
    type: "session.finished",
    at: yield* isoNow,
    session: session.id,
    outcome,
    exitCode,
    changed,
    summary,
    ...found
  })
  const { necessity = null, verdict } = state
  return { session: session.id, outcome, exitCode, changed, summary, verdict, necessity, usage, turns, durationMs }
})
