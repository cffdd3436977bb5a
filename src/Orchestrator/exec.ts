import { Effect } from "effect"
import { describe } from "../domain/Change.ts"
import type { PolicyRequest } from "../Policy.ts"
import { askPolicy, followPolicy } from "../Router.ts"
import { defaultLimits } from "../Sandbox.ts"
import { openSession } from "./openSession.ts"
import { fromKernel, OrchestratorFailed } from "./OrchestratorError.ts"
import type { Parts } from "./Parts.ts"
import type { ExecReport, ExecRequest, Observer, OrchestratorOptions } from "./TaskRequest.ts"

const maxNamed = 200

const nobody: Observer = { emit: () => Effect.void, review: () => Effect.succeed({ approved: false, reason: "" }) }

/** Runs a person's command in the sandbox over a fresh stage. The policy is asked as for `shell.exec`; nothing reaches the project. */
export const exec = Effect.fn("Orchestrator.exec")((
  parts: Parts,
  options: OrchestratorOptions,
  request: ExecRequest
): Effect.Effect<ExecReport, OrchestratorFailed> =>
  Effect.scoped(Effect.gen(function*() {
    const observer = request.review === undefined ? nobody : { ...nobody, review: request.review }
    const session = yield* openSession(parts, options, observer, {
      mode: "explore",
      action: "exec.started",
      detail: {
        command: request.command,
        args: request.args.join(" ").slice(0, 1000),
        network: request.network === true
      }
    })
    const state = yield* Effect.mapError(parts.stateMachine.get(session.id), fromKernel)
    const asked: PolicyRequest = {
      action: "shell.exec",
      phase: state.phase,
      mode: state.mode,
      tool: "shell.exec",
      command: request.command,
      args: request.args,
      caller: "cli"
    }
    const record = { session: session.id, phase: state.phase, mode: state.mode, actor: "human" as const }
    const insist = Effect.gen(function*() {
      yield* followPolicy(parts, session, state)
      const decision = yield* askPolicy(parts, session.id, asked)
      if (decision.effect !== "deny") return
      yield* parts.audit.commit({
        ...record,
        category: "policy",
        action: "shell.exec",
        decision: "deny",
        rule: decision.rule,
        detail: { command: request.command }
      })
      return yield* new OrchestratorFailed({
        reason: "denied",
        detail:
          `Refused by policy (rule ${decision.rule}): ${decision.reason}. See: fluffy policy explain shell.exec --command ${request.command}`
      })
    }).pipe(Effect.mapError((error) => error._tag === "OrchestratorFailed" ? error : fromKernel(error)))
    yield* insist
    const network = request.network === true
      ? yield* Effect.mapError(parts.router.network(session, request), fromKernel)
      : undefined
    if (typeof network === "string") return yield* new OrchestratorFailed({ reason: "denied", detail: network })
    // The rules may have changed while a person was asked about the network.
    if (network !== undefined) yield* insist
    yield* Effect.mapError(parts.router.showLayers(session), fromKernel)
    const { stage } = session
    const mounts = yield* Effect.mapError(stage.mounts, fromKernel)
    const result = yield* Effect.mapError(
      parts.sandbox.run({
        command: request.command,
        args: request.args,
        cwd: stage.project,
        mounts,
        user: stage.user,
        limits: { ...defaultLimits, timeoutMs: request.timeoutMs ?? options.timeoutMs },
        ...(network === undefined
          ? {}
          : { template: "integration-test" as const, network: { directory: network.directory } }),
        ...(request.onOutput === undefined ? {} : { onOutput: request.onOutput })
      }),
      fromKernel
    )
    const changes = yield* Effect.mapError(stage.scan, fromKernel)
    yield* Effect.mapError(
      parts.audit.append({
        ...record,
        category: "tool",
        action: "exec.finished",
        detail: {
          exitCode: result.exitCode,
          ended: result.ended,
          changes: changes.changes.slice(0, maxNamed).map(describe)
        },
        durationMs: Math.round(result.durationMs)
      }),
      fromKernel
    )
    const refused = network === undefined ? [] : yield* Effect.mapError(network.refused, fromKernel)
    return { result, changes, refused }
  }))
)
