import type { LanguageModel } from "@effect/ai/LanguageModel"
import * as Prompt from "@effect/ai/Prompt"
import { Effect } from "effect"
import type { Audit } from "../Audit.ts"
import type { ToolCall, ToolResult } from "../domain/ToolCall.ts"
import { isoNow, timed } from "../internal/time.ts"
import { fromLeaf, isNamed, type RouterFailed, wireName } from "../Router.ts"
import type { AgentOutcome, AgentTask, Usage } from "./AgentTask.ts"
import { compact } from "./context.ts"
import { ModelFailed } from "./ModelError.ts"
import { toolMessage } from "./models/messages.ts"
import { invalidCall } from "./models/tools.ts"
import { lengthNote, malformedNote, nudge, opening, standing, system } from "./prompt.ts"
import { ask, type Turn } from "./turn.ts"

const maxNudges = 2
const maxMalformed = 2
const parallelReads = 8
const maxCalls = 64

/** What the loop works with besides the task. */
export interface AgentParts {
  readonly model: LanguageModel["Type"]
  readonly audit: Audit["Type"]
  readonly contextTokens: number
}

const user = (text: string): Prompt.Message =>
  Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })

/** Opens a conversation. Its messages, usage and turns live as long as it does; runs of it follow one another. */
export const start = (parts: AgentParts, task: AgentTask) =>
  Effect.sync(() => {
    const head: Array<Prompt.Message> = [Prompt.makeMessage("system", { content: system(task.mode) })]
    let messages: ReadonlyArray<Prompt.Message> = []
    let usage: Usage = { input: 0, output: 0, cached: 0 }
    let turns = 0

    const emitUsage = Effect.flatMap(isoNow, (at) =>
      task.session.emit({ type: "usage", at, session: task.session.id, ...usage }))

    const record = (turn: Turn, durationMs: number, dropped: number) =>
      Effect.flatMap(task.state, (state) =>
        Effect.mapError(
          parts.audit.append({
            session: task.session.id,
            category: "model",
            action: "model.turn",
            actor: "model",
            phase: state.phase,
            mode: state.mode,
            detail: {
              turn: turns,
              finish: turn.finish,
              calls: turn.calls.map(({ name }) =>
                name.slice(0, 100)
              ),
              ...turn.usage,
              dropped
            },
            durationMs: Math.round(durationMs)
          }),
          fromLeaf("model")
        ))

    const oneTurn = Effect.fnUntraced(function*(budget: number): Effect.fn.Return<Turn, ModelFailed | RouterFailed> {
      const compacted = compact(head, messages, { budget, standing: standing(yield* task.state) })
      messages = compacted.messages
      const [turn, durationMs] = yield* timed(ask(parts.model, task.session, task.tools, [...head, ...messages]))
      turns++
      usage = {
        input: usage.input + turn.usage.input,
        output: usage.output + turn.usage.output,
        cached: usage.cached + turn.usage.cached
      }
      yield* record(turn, durationMs, compacted.dropped)
      yield* emitUsage
      return turn
    })

    /** A provider that says the context is too long gets a smaller one, once; a reply nobody can read is told to the model, twice. */
    const nextTurn = oneTurn(parts.contextTokens).pipe(
      Effect.catchIf(
        (error) => error._tag === "ModelFailed" && error.kind === "context-too-long",
        () => oneTurn(Math.floor(parts.contextTokens / 3))
      ),
      Effect.tapErrorTag("ModelFailed", (error) =>
        Effect.sync(() => {
          if (error.kind === "malformed") {
            messages = [
              ...messages,
              user(malformedNote(task.tools.map(({ name }) => wireName(name))))
            ]
          }
        })),
      Effect.retry({
        times: maxMalformed,
        while: (error) => error._tag === "ModelFailed" && error.kind === "malformed"
      })
    )

    const converse = Effect.fnUntraced(function*(
      message: string
    ): Effect.fn.Return<AgentOutcome, ModelFailed | RouterFailed> {
      if (head.length === 1) head.push(user(opening(message, task)))
      else messages = [...messages, user(message)]
      let nudges = 0
      const end = (ended: AgentOutcome["ended"], text: string): AgentOutcome => ({ ended, text, usage, turns })
      for (;;) {
        if (turns >= task.maxTurns) return end("turns", "")
        if (usage.input + usage.output >= task.maxTokens) return end("tokens", "")
        const turn = yield* nextTurn
        if (turn.message.content.length > 0) messages = [...messages, turn.message]
        if (turn.finish === "content-filter") {
          return yield* new ModelFailed({ kind: "rejected", detail: "the provider's content filter ended the reply" })
        }
        if (turn.calls.length > 0) {
          nudges = 0
          const { completed, results } = yield* runCalls(task, turn.calls)
          messages = [...messages, results]
          if (completed !== undefined) return end("completed", completed)
          continue
        }
        if (turn.finish === "length") {
          messages = [...messages, user(lengthNote)]
        } else if (task.mode === "explore") {
          return end("answered", turn.text)
        } else if (nudges >= maxNudges) {
          return end("idle", turn.text)
        } else {
          nudges++
          messages = [...messages, user(nudge(yield* task.state))]
        }
      }
    })

    const run = Effect.fn("Agent.run")((message: string): Effect.Effect<AgentOutcome, RouterFailed> =>
      Effect.catchTag(
        converse(message),
        "ModelFailed",
        (error) => Effect.succeed({ ended: "failed" as const, text: error.message, usage, turns })
      )
    )

    return { run }
  })

const isFast = (task: AgentTask, name: string) =>
  task.tools.some((tool) => tool.path === "fast" && isNamed(tool.name, name))

const isKnown = (task: AgentTask, name: string) => task.tools.some((tool) => isNamed(tool.name, name))

const tooMany = `Refused: at most ${maxCalls} calls are run in one turn; this one was not.`

const summaryOf = (args: unknown): string =>
  typeof args === "object" && args !== null && "summary" in args ? String(args.summary) : ""

/** Runs a turn's calls in order, neighbouring reads together. `completed` is the summary once `task.complete` was accepted. */
const runCalls = Effect.fnUntraced(function*(
  task: AgentTask,
  calls: ReadonlyArray<ToolCall>
): Effect.fn.Return<{ readonly completed: string | undefined; readonly results: Prompt.ToolMessage }, RouterFailed> {
  const outcomes: Array<{ readonly call: ToolCall; readonly result: Pick<ToolResult, "outcome" | "text"> }> = []
  let completed: string | undefined
  for (let next = 0; next < calls.length;) {
    if (completed !== undefined) {
      outcomes.push({ call: calls[next++]!, result: { outcome: "refused", text: "Refused: the work is complete." } })
      continue
    }
    if (next >= maxCalls) {
      outcomes.push({ call: calls[next++]!, result: { outcome: "refused", text: tooMany } })
      continue
    }
    const from = next
    do next++
    while (
      next < Math.min(calls.length, maxCalls) && isFast(task, calls[from]!.name) && isFast(task, calls[next]!.name)
    )
    const group = calls.slice(from, next)
    const results = yield* Effect.forEach(group, (call) => task.call(call), { concurrency: parallelReads })
    for (const [index, result] of results.entries()) {
      const call = group[index]!
      outcomes.push({ call, result })
      if (isNamed("task.complete", call.name) && result.outcome === "ok") completed = summaryOf(call.args)
    }
  }
  return {
    completed,
    results: toolMessage(
      outcomes.map(({ call, result }) => ({
        id: call.id,
        name: isKnown(task, call.name) ? wireName(call.name) : invalidCall,
        failed: result.outcome !== "ok",
        text: result.text
      }))
    )
  }
})
