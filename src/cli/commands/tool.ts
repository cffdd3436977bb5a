import { Effect, Layer, Schema } from "effect"
import { ToolName, type ToolResult } from "../../domain/ToolCall.ts"
import { escape, escapeJson } from "../../internal/escape.ts"
import * as Kernel from "../../Kernel.ts"
import { Orchestrator } from "../../Orchestrator.ts"
import { isNamed } from "../../Router.ts"
import type { CommandOf } from "../args.ts"
import { misused } from "../CliFailed.ts"
import { configure, prepareToRun } from "../configure.ts"
import { errStyle, print, tell } from "../io.ts"
import { nearest } from "../nearest.ts"
import * as NoModel from "../noModel.ts"
import { jsonObserver } from "../observe.ts"
import { readInput } from "../readInput.ts"

const decodeJson = Schema.decodeUnknownEither(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)

const find = (name: string) => {
  const found = ToolName.literals.find((tool) => isNamed(tool, name))
  const meant = nearest(name, ToolName.literals)
  return found === undefined
    ? misused(
      `There is no tool ${JSON.stringify(name.slice(0, 80))}. ${
        meant === undefined ? `The tools are: ${ToolName.literals.join(", ")}` : `Did you mean: ${meant}`
      }`
    )
    : Effect.succeed(found)
}

const parse = (text: string) =>
  Effect.mapError(
    decodeJson(text),
    () => misused("The arguments are no JSON object. For instance: fluffy tool fs.read '{\"path\": \"README.md\"}'")
  )

const needsPerson = misused(
  "Debug mode lifts the test-first gate, so only a person enters it, and this run is headless. Use another mode, or a terminal"
)

const exitCodeOf = ({ by, outcome }: ToolResult): number =>
  outcome === "ok" ? 0 : outcome === "failed" ? 1 : by?.startsWith("review") === true ? 4 : 5

/** `fluffy tool`: one call through gate, policy and audit; 0 when it went well, 5 refused, 4 by a person, 1 failed. */
export const run = Effect.fnUntraced(function*({ flags, operands: [name = "", json = ""] }: CommandOf<"tool">) {
  const tool = yield* find(name)
  const args = yield* Effect.flatMap(json === "-" ? readInput : Effect.succeed(json), parse)
  const { options } = yield* configure(flags)
  if (options.mode === "debug" && options.headless) return yield* needsPerson
  yield* prepareToRun(options)
  const asJson = flags.json === true
  const observer = asJson ? jsonObserver : { ...jsonObserver, emit: () => Effect.void }
  const asking = options.headless
    ? { ...observer, review: () => Effect.succeed({ approved: false, reason: "" }) }
    : observer
  const result = yield* Effect.flatMap(
    Orchestrator,
    (orchestrator) => orchestrator.tool({ id: "cli", name: tool, args }, options.mode, asking)
  ).pipe(
    Effect.provide(Kernel.layer(options).pipe(Layer.provide(NoModel.layer)))
  )
  if (asJson) print(`${escapeJson({ type: "tool.result", ...result })}\n`)
  else {
    if (result.outcome !== "ok") {
      tell(`${errStyle.yellow(result.outcome)}${result.by === undefined ? "" : ` by ${escape(result.by)}`}\n`)
    }
    print(`${process.stdout.isTTY ? escape(result.text) : result.text}\n`)
  }
  return exitCodeOf(result)
})
