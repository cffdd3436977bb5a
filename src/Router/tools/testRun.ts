import { Effect, Either, Schema } from "effect"
import { capMiddle } from "../../internal/text.ts"
import { advance } from "../Leaves.ts"
import { defineTool, type ToolAnswer } from "../Tool.ts"
import { failed } from "./answer.ts"
import { describeVerdict } from "./testRun/describeVerdict.ts"
import { judgeRun } from "./testRun/judgeRun.ts"
import { offerDebug } from "./testRun/offerDebug.ts"
import { recordVerdict } from "./testRun/recordVerdict.ts"

const maxTimeoutSeconds = 600
const maxOutputBytes = 12_000

/** `test.run`: runs the project's tests in a sandbox; the kernel, not the model, says red or green. */
export const testRun = defineTool({
  spec: {
    name: "test.run",
    path: "sandbox",
    description:
      "Run the project's tests and get the kernel's verdict: red, green or none. pattern: a test file, a glob or a test's name; without it all tests run. timeout in seconds. network: true asks for the hosts a person has allowed, by https only.",
    parameters: {
      type: "object",
      properties: {
        pattern: { type: "string" },
        timeout: { type: "number", exclusiveMinimum: 0, maximum: maxTimeoutSeconds },
        network: { type: "boolean" }
      },
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    pattern: Schema.optional(Schema.NonEmptyString.pipe(Schema.maxLength(1000))),
    timeout: Schema.optional(Schema.Number.pipe(Schema.positive(), Schema.lessThanOrEqualTo(maxTimeoutSeconds))),
    network: Schema.optional(Schema.Boolean)
  }),
  summary: (args) => args.pattern ?? "",
  network: (args) => args.network === true,
  execute: (args, context) =>
    Effect.gen(function*() {
      const started = yield* Effect.either(advance(context.leaves, context.session, { _tag: "TestRunStarted" }))
      if (Either.isLeft(started)) {
        if (started.left._tag === "RouterFailed") return yield* started.left
        return { outcome: "refused", by: `phase ${started.left.phase}`, text: started.left.message, ownMs: 0 }
      }
      const { output, ownMs, verdict } = yield* judgeRun(context, args)
      const state = yield* advance(context.leaves, context.session, { _tag: "TestRunFinished", verdict }).pipe(
        Effect.catchTag("TransitionRefused", (error) => Effect.dieMessage(error.message))
      )
      yield* recordVerdict(context, state, verdict)
      const settled = yield* offerDebug(context, state)
      return answer(describeVerdict(settled, verdict), output, verdict.verdict === "none", ownMs)
    })
})

const answer = (said: string, output: string, none: boolean, ownMs: number): ToolAnswer => {
  const text = output === "" ? said : `${said}\n\noutput:\n${capMiddle(output, maxOutputBytes)}`
  return none ? failed(text, ownMs) : { outcome: "ok", text, ownMs }
}
