import { Effect, Schema } from "effect"
import { count } from "../../internal/text.ts"
import { defineTool } from "../Tool.ts"
import { writeFile } from "./write.ts"

/** `fs.write`: creates or replaces a whole file, from inside a sandbox. */
export const fsWrite = defineTool({
  spec: {
    name: "fs.write",
    path: "sandbox",
    description: "Create or replace a whole text file; missing directories are made.",
    parameters: {
      type: "object",
      properties: { path: { type: "string" }, content: { type: "string" } },
      required: ["path", "content"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({ path: Schema.String, content: Schema.String }),
  summary: (args) => args.path,
  path: (args) => args.path,
  writes: true,
  execute: Effect.fnUntraced(function*(args, context) {
    const written = yield* writeFile(context, "fs.write", context.path, args.content)
    if ("outcome" in written) return written
    const lines = args.content === "" ? 0 : args.content.split("\n").length - (args.content.endsWith("\n") ? 1 : 0)
    const same = written.settlement.taken.length === 0
    return {
      outcome: "ok",
      text: same
        ? `Unchanged: ${context.path} already has this content`
        : `Written: ${context.path} (${count(lines, "line")})`,
      ownMs: written.ownMs
    }
  })
})
