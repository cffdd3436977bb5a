import { Effect, Option, Schema } from "effect"
import { PathRefused } from "../../Workspace.ts"
import { literal } from "../grep/literal.ts"
import { ripgrep } from "../grep/ripgrep.ts"
import { defineTool } from "../Tool.ts"
import { answering } from "./answer.ts"

/** `search.grep`: lines of the stage's files that match a regular expression (Rust syntax, no look-around). */
export const searchGrep = defineTool({
  spec: {
    name: "search.grep",
    path: "fast",
    description:
      "Search file contents with a regular expression (ripgrep syntax). path limits it to a file or directory, glob to names. Result: file:line:text.",
    parameters: {
      type: "object",
      properties: { pattern: { type: "string" }, path: { type: "string" }, glob: { type: "string" } },
      required: ["pattern"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    pattern: Schema.NonEmptyString.pipe(Schema.maxLength(2000)),
    path: Schema.optional(Schema.String),
    glob: Schema.optional(Schema.NonEmptyString.pipe(Schema.maxLength(1000)))
  }),
  summary: (args) => args.path === undefined ? args.pattern : `${args.pattern} in ${args.path}`,
  path: (args) => args.path,
  execute: (args, { options, path, session }) =>
    answering(
      "search.grep",
      Effect.gen(function*() {
        const entry = yield* session.stage.stat(path)
        if (Option.isNone(entry) && path !== ".") return yield* new PathRefused({ path, reason: "not found" })
        const search = options.grep === "ripgrep" ? ripgrep : literal
        const lines = yield* search(session.stage, { pattern: args.pattern, path, glob: args.glob })
        return lines.length === 0 ? `[no line matches ${args.pattern}]` : lines.join("\n")
      })
    )
})
