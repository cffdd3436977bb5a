import { Effect, Schema } from "effect"
import type { Entry } from "../../Workspace.ts"
import { defineTool } from "../Tool.ts"
import { answering } from "./answer.ts"

const maxEntries = 1000

/** `fs.list`: what lies in a directory of the stage. */
export const fsList = defineTool({
  spec: {
    name: "fs.list",
    path: "fast",
    description:
      "List a directory (directories end in /). recursive lists the whole tree below it. Ignored files are left out.",
    parameters: {
      type: "object",
      properties: { path: { type: "string" }, recursive: { type: "boolean" } },
      required: ["path"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({ path: Schema.String, recursive: Schema.optional(Schema.Boolean) }),
  summary: (args) => args.path,
  path: (args) => args.path,
  execute: (args, { path, session }) =>
    answering(
      "fs.list",
      Effect.map(
        session.stage.list(path, { recursive: args.recursive ?? false, limit: maxEntries }),
        ({ cut, entries }) => {
          const lines = entries.filter((entry) => !entry.ignored).map(line)
          if (lines.length === 0) return "[empty directory]"
          return cut
            ? `${lines.join("\n")}\n[cut after ${maxEntries} entries; list a directory below]`
            : lines.join("\n")
        }
      )
    )
})

const line = (entry: Entry): string =>
  entry.kind === "directory" ? `${entry.path}/` : entry.kind === "symlink" ? `${entry.path}@` : entry.path
