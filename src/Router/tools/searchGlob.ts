import { Effect, Schema } from "effect"
import { root } from "../../domain/ProjectPath.ts"
import { compile } from "../../internal/Glob.ts"
import { defineTool } from "../Tool.ts"
import { answering } from "./answer.ts"

const maxPaths = 500
const maxEntries = 100_000

/** `search.glob`: paths of the stage that match a pattern as in `.gitignore`. */
export const searchGlob = defineTool({
  spec: {
    name: "search.glob",
    path: "fast",
    description: "Find files by pattern, as in .gitignore: *.ts at any depth, src/**/*.py from the root (or from cwd).",
    parameters: {
      type: "object",
      properties: { pattern: { type: "string" }, cwd: { type: "string" } },
      required: ["pattern"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    pattern: Schema.NonEmptyString.pipe(Schema.maxLength(1000)),
    cwd: Schema.optional(Schema.String)
  }),
  summary: (args) => args.cwd === undefined ? args.pattern : `${args.pattern} in ${args.cwd}`,
  path: (args) => args.cwd,
  execute: (args, { path, session }) =>
    answering(
      "search.glob",
      Effect.map(session.stage.list(path, { recursive: true, limit: maxEntries }), ({ entries }) => {
        const matches = compile([args.pattern])
        const prefix = path === root ? 0 : path.length + 1
        const found = entries.filter((entry) =>
          entry.kind !== "directory" && !entry.ignored && matches(entry.path.slice(prefix))
        )
        if (found.length === 0) return `[no file matches ${args.pattern}]`
        const shown = found.slice(0, maxPaths).map((entry) => entry.path).join("\n")
        return found.length > maxPaths ? `${shown}\n[cut: ${found.length - maxPaths} more]` : shown
      })
    )
})
