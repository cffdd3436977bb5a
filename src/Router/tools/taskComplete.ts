import { Effect, Schema } from "effect"
import { advance } from "../Leaves.ts"
import { defineTool } from "../Tool.ts"

/** `task.complete`: the model says it is done; the state machine says whether it is. */
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
    advance(context.leaves, context.session, { _tag: "TaskCompleted" }).pipe(
      Effect.map((state) => ({
        outcome: "ok" as const,
        text: `The work is complete (phase ${state.phase}).`,
        ownMs: 0
      })),
      Effect.catchTag(
        "TransitionRefused",
        (error) =>
          Effect.succeed({ outcome: "refused" as const, by: `phase ${error.phase}`, text: error.message, ownMs: 0 })
      )
    )
})
