import { Effect, Either, Schema } from "effect"
import { capHead } from "../../internal/text.ts"
import { fromLeaf } from "../RouterError.ts"
import { defineTool, type ToolContext } from "../Tool.ts"
import { failed, maxResultBytes } from "./answer.ts"
import { writeFile } from "./write.ts"

const maxFileBytes = 4 << 20

/** `fs.edit`: replaces an exact piece of a file, from inside a sandbox. */
export const fsEdit = defineTool({
  spec: {
    name: "fs.edit",
    path: "sandbox",
    description:
      "Replace an exact piece of text in a file. old must occur exactly once, unless all is true. Result: a unified diff.",
    parameters: {
      type: "object",
      properties: {
        path: { type: "string" },
        old: { type: "string" },
        new: { type: "string" },
        all: { type: "boolean" }
      },
      required: ["path", "old", "new"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    path: Schema.String,
    old: Schema.NonEmptyString,
    new: Schema.String,
    all: Schema.optional(Schema.Boolean)
  }),
  summary: (args) => args.path,
  path: (args) => args.path,
  writes: true,
  execute: Effect.fnUntraced(function*(args, context) {
    const before = yield* readText(context)
    if (Either.isLeft(before)) return failed(before.left)
    const found = before.right.split(args.old).length - 1
    if (found === 0) {
      return failed(
        `The old text is not in ${context.path}; read the file again and copy it exactly, white space included`
      )
    }
    if (found > 1 && args.all !== true) {
      return failed(
        `The old text occurs ${found} times in ${context.path}; give more of its surroundings, or all: true`
      )
    }
    const after = before.right.split(args.old).join(args.new)
    const written = yield* writeFile(context, "fs.edit", context.path, after)
    if ("outcome" in written) return written
    const { createTwoFilesPatch } = yield* Effect.promise(() => import("diff"))
    const patch = createTwoFilesPatch(`a/${context.path}`, `b/${context.path}`, before.right, after, "", "", {
      context: 3
    })
    return {
      outcome: "ok",
      text: after === before.right ? "Unchanged" : capHead(patch, maxResultBytes),
      ownMs: written.ownMs
    }
  })
})

const readText = (context: ToolContext) =>
  context.session.stage.read(context.path, { maxBytes: maxFileBytes }).pipe(
    Effect.map(({ bytes, size }): Either.Either<string, string> => {
      if (size > bytes.length) {
        return Either.left(`${context.path} is larger than ${maxFileBytes} bytes; use shell.exec`)
      }
      const text = Buffer.from(bytes).toString("utf8")
      return Buffer.from(text, "utf8").equals(bytes)
        ? Either.right(text)
        : Either.left(`${context.path} is not UTF-8 text`)
    }),
    Effect.catchTags({
      PathRefused: (error) => Effect.succeed(Either.left(error.message)),
      WorkspaceFailed: (error) => Effect.fail(fromLeaf("fs.edit")(error))
    })
  )
