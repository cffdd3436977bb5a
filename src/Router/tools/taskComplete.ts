import { Effect, Schema } from "effect"
import { describeHunk, type Necessity } from "../../domain/Necessity.ts"
import { timed } from "../../internal/time.ts"
import { advance } from "../Leaves.ts"
import { checkNecessity } from "../necessity/check.ts"
import { defineTool, type ToolAnswer, type ToolContext } from "../Tool.ts"

/** `task.complete`: the model says it is done; the state machine says whether it is, and the tests whether all of it was asked for. */
export const taskComplete = defineTool({
  spec: {
    name: "task.complete",
    path: "kernel",
    description: "End the work with a short summary for the person who asked. Possible once test.run is green.",
    parameters: {
      type: "object",
      properties: { summary: { type: "string" } },
      required: ["summary"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({ summary: Schema.String.pipe(Schema.maxLength(20_000)) }),
  summary: (args) => args.summary.split("\n")[0]!.slice(0, 100),
  execute: (_, context) =>
    Effect.gen(function*() {
      const [necessity, ownMs] = isDue(context) ? yield* timed(checkNecessity(context)) : [undefined, 0]
      if (necessity !== undefined && context.options.necessity.rule === "require" && necessity.undemanded.length > 0) {
        return { outcome: "refused", by: "necessity", text: refusal(necessity), ownMs }
      }
      return yield* advance(context.leaves, context.session, {
        _tag: "TaskCompleted",
        ...(necessity === undefined ? {} : { necessity })
      }).pipe(
        Effect.map((state): ToolAnswer => ({
          outcome: "ok",
          text: `The work is complete (phase ${state.phase}).`,
          ownMs
        })),
        Effect.catchTag("TransitionRefused", (error) =>
          Effect.succeed<ToolAnswer>({ outcome: "refused", by: `phase ${error.phase}`, text: error.message, ownMs }))
      )
    })
})

const isDue = ({ options, state }: ToolContext): boolean =>
  options.necessity.rule !== "off" && state.phase === "green" && state.mode !== "explore"

const refusal = ({ undemanded }: Necessity): string =>
  [
    "Refused: all tests still pass without these parts of the change:",
    ...undemanded.map((hunk) => `- ${describeHunk(hunk)}`),
    "Write a test that fails without each of them, or take them back; then run all tests and complete the task again."
  ].join("\n")
