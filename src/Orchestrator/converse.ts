import { Effect, Either, Option } from "effect"
import type { AgentOutcome } from "../Agent.ts"
import { parse } from "../domain/ProjectPath.ts"
import type { Outcome } from "../domain/SessionEvent.ts"
import type { ToolResult } from "../domain/ToolCall.ts"
import { mask } from "../internal/Secrets.ts"
import { advance, fromLeaf, type RouterSession } from "../Router.ts"
import type { SessionState } from "../StateMachine.ts"
import { abandon } from "./abandon.ts"
import { commit } from "./commit.ts"
import { integrate, type Integration } from "./integrate.ts"
import { fromKernel, type OrchestratorFailed } from "./OrchestratorError.ts"
import type { Parts } from "./Parts.ts"
import type { OrchestratorOptions, TaskRequest } from "./TaskRequest.ts"

/** How a conversation ended, before it is put on record. */
export interface Ending extends Pick<AgentOutcome, "usage" | "turns"> {
  readonly outcome: Outcome
  readonly changed: ReadonlyArray<string>
  readonly summary: string
}

const maxPromptFiles = 2_000
const rootPath = Either.getOrThrow(parse("."))
const notesPath = Either.getOrThrow(parse("AGENTS.md"))

const projectNotes = (session: RouterSession) =>
  session.stage.read(notesPath, { maxBytes: 16_384 }).pipe(
    Effect.flatMap(({ bytes }) => mask(Buffer.from(bytes).toString("utf8"))),
    Effect.option,
    Effect.map(Option.match({ onNone: () => undefined, onSome: ({ text }) => text }))
  )

const projectFiles = (session: RouterSession) =>
  session.stage.list(rootPath, { recursive: true, limit: maxPromptFiles }).pipe(
    Effect.map(({ entries }) =>
      entries.filter(({ ignored, kind }) => kind === "file" && !ignored).map(({ path }) => path)
    ),
    Effect.catchTag("PathRefused", () => Effect.succeed([])),
    Effect.mapError(fromKernel)
  )

const isDenial = (result: ToolResult) =>
  result.by !== undefined && (result.by.startsWith("policy ") || result.by === "workspace")

/** Lets the model work until it completes, is stopped or fails, and integrates what it completed; a rejection with a reason goes back to it. */
export const converse = Effect.fn("Orchestrator.converse")(function*(
  parts: Parts,
  options: OrchestratorOptions,
  session: RouterSession,
  request: TaskRequest
): Effect.fn.Return<Ending, OrchestratorFailed> {
  yield* Effect.mapError(advance(parts, session, { _tag: "TaskSubmitted" }), fromKernel)
  let denied = false
  const conversation = yield* parts.agent.start({
    session,
    mode: request.mode,
    tools: parts.router.tools,
    call: (call) =>
      Effect.tap(parts.router.call(session, call), (result) => Effect.sync(() => denied ||= isDenial(result))),
    state: Effect.mapError(parts.stateMachine.get(session.id), fromLeaf("model")),
    files: yield* projectFiles(session),
    notes: yield* projectNotes(session),
    maxTurns: request.maxTurns,
    maxTokens: request.maxTokens
  })
  let message = request.task
  for (;;) {
    const agent = yield* Effect.mapError(conversation.run(message), fromKernel)
    const state = yield* Effect.mapError(parts.stateMachine.get(session.id), fromKernel)
    if (agent.ended !== "completed" || state.phase === "done") {
      return yield* withoutMerge(parts, session, state, agent, denied)
    }
    const integration = yield* integrate(parts, options, session, state)
    const goesBack = integration._tag === "Rejected" && integration.reason !== "" && !request.headless
    if (!goesBack) return yield* afterReview(parts, options, session, request, integration, agent)
    message =
      `The reviewer rejected the change: ${integration.reason}\nTake this into account, then complete the task again.`
  }
})

const explain: Record<AgentOutcome["ended"], string> = {
  completed: "",
  answered: "",
  idle: "The model stopped without a green test run; nothing was merged.",
  turns: "Stopped: the turn limit is reached (--max-turns). Nothing was merged.",
  tokens: "Stopped: the token limit is reached (--max-tokens). Nothing was merged.",
  failed: ""
}

const stoppedShort =
  "The last test run was green, but the model stopped without completing the task; nothing was merged."

const outcomeOf = (agent: AgentOutcome, state: SessionState, denied: boolean): Outcome => {
  if (agent.ended === "answered" || state.phase === "done") return "done"
  if (agent.ended === "failed") return "model_failed"
  if (agent.ended !== "idle" || state.verdict?.verdict === "green") return "stopped"
  return denied ? "denied" : "no_verdict"
}

const withoutMerge = Effect.fnUntraced(function*(
  parts: Parts,
  session: RouterSession,
  state: SessionState,
  agent: AgentOutcome,
  denied: boolean
): Effect.fn.Return<Ending, OrchestratorFailed> {
  const outcome = outcomeOf(agent, state, denied)
  const why = outcome === "stopped" && agent.ended === "idle" ? stoppedShort : explain[agent.ended]
  const summary = [why, agent.text].filter((text) => text !== "").join("\n")
  if (outcome !== "done") {
    yield* Effect.mapError(
      abandon(parts, session, outcome === "model_failed" ? "model.failed" : "session.stopped", summary),
      fromKernel
    )
  }
  return { outcome, changed: [], summary, usage: agent.usage, turns: agent.turns }
})

const afterReview = Effect.fnUntraced(function*(
  parts: Parts,
  options: OrchestratorOptions,
  session: RouterSession,
  request: TaskRequest,
  integration: Integration,
  agent: AgentOutcome
): Effect.fn.Return<Ending, OrchestratorFailed> {
  const { turns, usage } = agent
  if (integration._tag === "Merged") {
    const note = request.commit ? yield* commit(parts, options.project, session, integration.changed, agent.text) : ""
    return {
      outcome: "done",
      changed: integration.changed,
      summary: [agent.text, note].filter(Boolean).join("\n"),
      usage,
      turns
    }
  }
  yield* Effect.mapError(
    abandon(parts, session, "session.stopped", `${integration._tag}: ${integration.reason}`),
    fromKernel
  )
  const summary = integration._tag === "Rejected"
    ? `Not merged: the change needs a human's review${
      request.headless ? " and this run is headless" : " and was rejected"
    }. ${integration.patch}`
    : `Not merged: ${integration.reason}`
  return { outcome: integration._tag === "Denied" ? "denied" : "review", changed: [], summary, usage, turns }
})
