import { type Cause, Effect, Exit, Layer } from "effect"
import * as Model from "../../Agent/Model.ts"
import type { SessionEvent } from "../../domain/SessionEvent.ts"
import { isoNow } from "../../internal/time.ts"
import * as Kernel from "../../Kernel.ts"
import { type Observer, Orchestrator, type TaskRequest } from "../../Orchestrator.ts"
import type { CommandOf } from "../args.ts"
import { misused } from "../CliFailed.ts"
import { configure, prepareToRun } from "../configure.ts"
import { type CommandError, ending } from "../exit.ts"
import { outStyle, print } from "../io.ts"
import { humanObserver, jsonObserver } from "../observe.ts"
import { summary } from "../render/summary.ts"

const noModel = misused(
  "No model is chosen. Give --model provider/model, set FLUFFY_MODEL, or write model: in ~/.config/fluffy/config.yaml; " +
    "for instance --model anthropic/NAME with ANTHROPIC_API_KEY set, or --model compat/NAME --base-url http://127.0.0.1:11434/v1. " +
    "fluffy demo shows the whole loop without one"
)

/** A session that was interrupted or broke off says so at the end of its events too. */
const closing = (observer: Observer) => {
  let started: SessionEvent | undefined
  const close = (cause: Cause.Cause<CommandError>): Effect.Effect<void> =>
    Effect.flatMap(isoNow, (at) => {
      const { exitCode, message } = ending(cause)
      return started === undefined ? Effect.void : observer.emit({
        type: "session.finished",
        at,
        session: started.session,
        outcome: message === undefined ? "interrupted" : "internal_error",
        exitCode,
        changed: [],
        summary: message ??
          "Interrupted: nothing is merged. A merge that had begun already is finished or undone at the next start"
      })
    })
  const watching: Observer = {
    ...observer,
    emit: (event) => {
      started = event.type === "session.finished" ? undefined : started ?? event
      return observer.emit(event)
    }
  }
  return { observer: watching, close }
}

const session = (request: TaskRequest, json: boolean) =>
  Effect.gen(function*() {
    const orchestrator = yield* Orchestrator
    const { close, observer } = closing(json ? jsonObserver : yield* humanObserver(request.headless))
    const ended = yield* Effect.onExit(
      orchestrator.run(request, observer),
      (exit) => Exit.isFailure(exit) ? close(exit.cause) : Effect.void
    )
    if (!json) print(summary(ended, outStyle))
    return ended.exitCode
  })

/** `fluffy "<task>"`: runs a task in this project. */
export const run = Effect.fnUntraced(function*({ flags, operands: [task = ""] }: CommandOf<"run">) {
  const { baseUrl, model, options } = yield* configure(flags)
  if (model === undefined) return yield* noModel
  yield* prepareToRun(options)
  const { commit, headless, maxTokens, maxTurns, mode } = options
  const request = { task, mode, model, maxTurns, maxTokens, headless, commit }
  return yield* Effect.scoped(session(request, flags.json === true)).pipe(
    Effect.provide(Kernel.layer(options).pipe(Layer.provide(Model.layerConfig(model, baseUrl, process.cwd()))))
  )
})
