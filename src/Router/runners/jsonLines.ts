import { Either, Schema } from "effect"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { type Places, textOf, unreadable } from "./reportText.ts"

const Line = Schema.parseJson(Schema.Union(
  Schema.Struct({
    file: Schema.NullOr(Schema.String),
    name: Schema.String,
    status: Schema.Literal("passed", "failed", "error", "skipped"),
    message: Schema.optional(Schema.String)
  }),
  Schema.Struct({ problem: Schema.String }),
  Schema.Struct({ end: Schema.Literal(true) })
))
const decode = Schema.decodeUnknownEither(Line)

const maxProblem = 500

/**
 * Reads what the scripts in `reporters/` write: one JSON object per test and line, the last line `{"end":true}`. A line with a `problem`
 * says why the whole cannot be believed.
 */
export const parseJsonLines = (runner: string, report: Uint8Array, places: Places): TestReport => {
  const text = textOf(report)
  if (text === null) return unreadable(runner)
  const lines = text.split("\n")
  // The end must be the last line, and the only one of its kind: a test can write to the report as well.
  if (lines.pop() !== "" || lines.length === 0) return unreadable(runner)
  const cases: Array<TestCase> = []
  let problem: string | undefined
  for (const [index, line] of lines.entries()) {
    const read = Either.getOrUndefined(decode(line))
    if (read === undefined) return { runner, cases, truncated: true }
    const isLast = index === lines.length - 1
    if ("end" in read) {
      return {
        runner,
        cases,
        truncated: !isLast || problem !== undefined,
        ...(problem === undefined ? {} : { problem })
      }
    }
    if ("problem" in read) {
      problem ??= read.problem.slice(0, maxProblem)
      continue
    }
    const { file, ...rest } = read
    cases.push({ ...rest, file: toProjectPath(file, places) })
  }
  return { runner, cases, truncated: true }
}
