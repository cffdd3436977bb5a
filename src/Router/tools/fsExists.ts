import { Effect, Option, Schema } from "effect"
import { defineTool } from "../Tool.ts"
import { answering } from "./answer.ts"

/** `fs.exists`: whether a path is in the stage. */
export const fsExists = defineTool({
  spec: {
    name: "fs.exists",
    path: "fast",
    description: "Whether a path exists: true or false.",
    parameters: {
      type: "object",
      properties: { path: { type: "string" } },
      required: ["path"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({ path: Schema.String }),
  summary: (args) => args.path,
  path: (args) => args.path,
  execute: (_, { path, session }) =>
    answering("fs.exists", Effect.map(session.stage.stat(path), (entry) => String(Option.isSome(entry))))
})
