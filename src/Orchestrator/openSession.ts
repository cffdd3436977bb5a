import { Clock, Effect, Fiber, type Scope } from "effect"
import { randomBytes } from "node:crypto"
import type { Mode } from "../domain/Phase.ts"
import * as SessionId from "../domain/SessionId.ts"
import { withoutStop } from "../internal/text.ts"
import { followPolicy, type RouterSession } from "../Router.ts"
import { trial } from "../Sandbox.ts"
import { fromKernel, type OrchestratorFailed } from "./OrchestratorError.ts"
import type { Parts } from "./Parts.ts"
import type { Observer, OrchestratorOptions } from "./TaskRequest.ts"

/** What a session is opened for: put on record with it. */
export interface Purpose {
  readonly mode: Mode
  readonly action: "session.started" | "exec.started" | "tool.started"
  readonly detail: Readonly<Record<string, unknown>>
}

/**
 * Opens a session: mends what killed kernels left, makes sure a sandbox works, stages the project, starts the state machine and puts
 * the start on record. Closing the scope removes the stage.
 */
export const openSession = Effect.fn("Orchestrator.openSession")(function*(
  parts: Parts,
  options: OrchestratorOptions,
  observer: Observer,
  purpose: Purpose
): Effect.fn.Return<RouterSession, OrchestratorFailed, Scope.Scope> {
  const id = SessionId.make(yield* Clock.currentTimeMillis, randomBytes(4))
  const probing = yield* Effect.forkScoped(parts.sandbox.probe)
  const inForce = yield* parts.policy.refresh
  const recovery = yield* Effect.mapError(parts.workspace.recover(options.project), fromKernel)
  const state = yield* Effect.mapError(parts.stateMachine.create(id, purpose.mode), fromKernel)
  yield* Effect.mapError(
    parts.audit.commit({
      session: id,
      category: "session",
      action: purpose.action,
      actor: "human",
      phase: state.phase,
      mode: state.mode,
      detail: {
        ...purpose.detail,
        sandbox: parts.sandbox.backend,
        ...parts.sandbox.chosen === undefined ? {} : { sandboxReason: parts.sandbox.chosen.why },
        policy: inForce.digest,
        ...(recovery.finished.length + recovery.undone.length + recovery.stages > 0 ? { recovery } : {})
      }
    }),
    fromKernel
  )
  const stage = yield* Effect.mapError(
    parts.workspace.open({
      project: options.project,
      session: id,
      secrets: options.secrets,
      maxFileBytes: options.maxFileBytes,
      trial: trial(parts.sandbox.run, options.project)
    }),
    fromKernel
  )
  const probe = yield* Fiber.join(probing)
  if (!probe.usable) return yield* fromKernel(unusable(probe.backend, probe.detail, probe.remedy))
  const session = { id, stage, emit: observer.emit, review: observer.review }
  yield* Effect.mapError(followPolicy(parts, session, state), fromKernel)
  return session
})

const unusable = (backend: string, detail: string, remedy: string | undefined) => ({
  _tag: "SandboxUnavailable" as const,
  message: `No sandbox is usable here, and nothing runs without one: ${backend}: ${withoutStop(detail)}.${
    remedy === undefined ? "" : ` To mend it: ${remedy}`
  }`
})
