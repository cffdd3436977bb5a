import { Effect, Schema } from "effect"
import { defineTool } from "../Tool.ts"
import { answering, maxResultBytes, ToolProblem } from "./answer.ts"

const maxFileBytes = 8 << 20

/** `fs.read`: a text file of the stage, whole or some of its lines. */
export const fsRead = defineTool({
  spec: {
    name: "fs.read",
    path: "fast",
    description:
      "Read a text file. offset is the first line (1-based), limit how many lines; numbers adds line numbers. At most 50 KB a call.",
    parameters: {
      type: "object",
      properties: {
        path: { type: "string" },
        offset: { type: "integer", minimum: 1 },
        limit: { type: "integer", minimum: 1 },
        numbers: { type: "boolean" }
      },
      required: ["path"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    path: Schema.String,
    offset: Schema.optional(Schema.Int.pipe(Schema.positive())),
    limit: Schema.optional(Schema.Int.pipe(Schema.positive())),
    numbers: Schema.optional(Schema.Boolean)
  }),
  summary: (args) => args.path,
  path: (args) => args.path,
  execute: (args, { path, session }) =>
    answering(
      "fs.read",
      Effect.flatMap(session.stage.read(path, { maxBytes: maxFileBytes }), ({ bytes, size }) => {
        if (bytes.subarray(0, 8192).includes(0)) {
          return Effect.fail(new ToolProblem(`${path} is a binary file of ${size} bytes; it cannot be shown as text`))
        }
        return Effect.succeed(render(Buffer.from(bytes).toString("utf8"), args, size > bytes.length))
      })
    )
})

const render = (
  text: string,
  options: {
    readonly offset?: number | undefined
    readonly limit?: number | undefined
    readonly numbers?: boolean | undefined
  },
  partial: boolean
): string => {
  const lines = text.split("\n")
  if (lines.at(-1) === "") lines.pop()
  const first = (options.offset ?? 1) - 1
  if (first >= lines.length) return lines.length === 0 ? "[empty file]" : `[the file has ${lines.length} lines]`
  const wanted = lines.slice(first, options.limit === undefined ? undefined : first + options.limit)
  const shown: Array<string> = []
  let bytes = 0
  for (const [index, line] of wanted.entries()) {
    const text = options.numbers === true ? `${String(first + index + 1).padStart(6)}\t${line}` : line
    bytes += Buffer.byteLength(text) + 1
    if (bytes > maxResultBytes) break
    shown.push(text)
  }
  const next = first + shown.length
  if (shown.length === 0) return `[line ${first + 1} is longer than 50 KB; it cannot be shown]`
  if (next === lines.length && !partial) return shown.join("\n")
  return `${shown.join("\n")}\n[lines ${first + 1}-${next} of ${lines.length}${partial ? "+" : ""}; go on with offset ${
    next + 1
  }]`
}
