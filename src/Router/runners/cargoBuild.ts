import { Either, Schema } from "effect"
import type { TestCase } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places } from "./reportText.ts"

const Target = Schema.Struct({ src_path: Schema.String })
const Line = Schema.parseJson(Schema.Union(
  Schema.Struct({
    reason: Schema.Literal("compiler-artifact"),
    target: Target,
    executable: Schema.NullOr(Schema.String)
  }),
  Schema.Struct({
    reason: Schema.Literal("compiler-message"),
    target: Target,
    message: Schema.Struct({
      level: Schema.String,
      rendered: Schema.NullOr(Schema.String),
      spans: Schema.Array(Schema.Struct({ file_name: Schema.String, is_primary: Schema.Boolean }))
    })
  }),
  Schema.Struct({ reason: Schema.Literal("build-finished"), success: Schema.Boolean }),
  Schema.Struct({ reason: Schema.Literal("build-script-executed") })
))
const decode = Schema.decodeUnknownEither(Line)

/** A build: the source file of each executable, the files that did not compile, and the lines after its end. */
export interface Build {
  readonly finished: boolean
  readonly sources: ReadonlyMap<string, string>
  readonly errors: ReadonlyArray<TestCase>
  readonly rest: ReadonlyArray<string>
}

/** Reads cargo's JSON up to the end of the build; undefined when it has none. Later lines like these are a program's own. */
export const readBuild = (lines: ReadonlyArray<string>, places: Places): Build | undefined => {
  const sources = new Map<string, string>()
  const errors = new Map<string, TestCase>()
  for (const [index, line] of lines.entries()) {
    const read = line.startsWith("{\"reason\":") ? Either.getOrUndefined(decode(line)) : undefined
    if (read === undefined) continue
    if (read.reason === "build-finished") {
      return { finished: read.success, sources, errors: [...errors.values()], rest: lines.slice(index + 1) }
    }
    if (read.reason === "compiler-artifact" && read.executable !== null) {
      sources.set(read.executable.split("/").at(-1)!, read.target.src_path)
    }
    if (read.reason === "compiler-message" && read.message.level.startsWith("error")) {
      const { rendered, spans } = read.message
      const span = spans.find((one) => one.is_primary)?.file_name
      const own = toProjectPath(read.target.src_path, places)
      // The place of the mistake; the target's own file where that lies outside, as a macro of the standard library does.
      const file = toProjectPath(span, places) ?? own
      if (file !== null && !errors.has(file)) {
        errors.set(file, { file, name: "(file)", status: "error", message: (rendered ?? "").slice(0, maxMessage) })
      }
    }
  }
  return undefined
}
