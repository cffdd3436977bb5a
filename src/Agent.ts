import { LanguageModel } from "@effect/ai/LanguageModel"
import { Context, Effect, Layer } from "effect"
import type { AgentOutcome, AgentTask } from "./Agent/AgentTask.ts"
import { start } from "./Agent/loop.ts"
import { Audit } from "./Audit.ts"
import { maskingAudit, type RouterFailed } from "./Router.ts"

export * from "./Agent/AgentTask.ts"
export * from "./Agent/ModelError.ts"

/** A conversation with the model about one task; each `run` goes on until the model ends, is stopped, or fails: all are outcomes. */
export interface Conversation {
  readonly run: (message: string) => Effect.Effect<AgentOutcome, RouterFailed>
}

/** The model loop: prompt, stream, tool calls through the router, context budget, retries. */
export class Agent extends Context.Tag("fluffy/Agent")<Agent, {
  readonly start: (task: AgentTask) => Effect.Effect<Conversation>
}>() {}

/** The agent over whatever model is in the context. `contextTokens` is the estimate at which old turns are compacted. */
export const layer = (
  options: { readonly contextTokens?: number } = {}
): Layer.Layer<Agent, never, LanguageModel | Audit> =>
  Layer.effect(
    Agent,
    Effect.map(Effect.all({ model: LanguageModel, audit: Effect.map(Audit, maskingAudit) }), ({ audit, model }) =>
      Agent.of({
        start: (task) =>
          start({ model, audit, contextTokens: options.contextTokens ?? 100_000 }, task)
      }))
  )
