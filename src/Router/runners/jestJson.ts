import { Either, Schema } from "effect"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { type Places, textOf, unreadable } from "./reportText.ts"

const Assertion = Schema.Struct({
  ancestorTitles: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  title: Schema.String,
  status: Schema.String,
  failureMessages: Schema.optional(Schema.NullOr(Schema.Array(Schema.String)))
})
const File = Schema.Struct({
  name: Schema.String,
  status: Schema.String,
  message: Schema.optional(Schema.NullOr(Schema.String)),
  assertionResults: Schema.Array(Assertion)
})
const decode = Schema.decodeUnknownEither(Schema.parseJson(Schema.Struct({ testResults: Schema.Array(File) })))

const maxMessage = 4_000

/** What jest and vitest say of a test file that holds no test. */
const withoutTests = /Your test suite must contain at least one test|No test suite found in file/

const statusOf = (status: string): TestCase["status"] =>
  status === "passed" ? "passed" : status === "failed" ? "failed" : "skipped"

const casesOf = (file: typeof File.Type, places: Places): ReadonlyArray<TestCase> => {
  const path = toProjectPath(file.name, places)
  const cases = file.assertionResults.map((test): TestCase => {
    const messages = test.failureMessages ?? []
    return {
      file: path,
      name: [...test.ancestorTitles, test.title].join(" > "),
      status: statusOf(test.status),
      ...(messages.length === 0 ? {} : { message: messages.join("\n").slice(0, maxMessage) })
    }
  })
  if (file.status !== "failed" || cases.some((test) => test.status === "failed")) return cases
  // A file that failed without a failing test could not be loaded, or a hook of it threw; but a file without tests is no failure.
  const message = (file.message ?? "").slice(0, maxMessage)
  return [...cases, { file: path, name: "(file)", status: withoutTests.test(message) ? "skipped" : "error", message }]
}

/** Reads jest's JSON report, which vitest writes as well. */
export const parseJestJson = (runner: string, report: Uint8Array, places: Places): TestReport => {
  const text = textOf(report)
  const read = text === null ? undefined : Either.getOrUndefined(decode(text))
  if (read === undefined) return unreadable(runner)
  return { runner, cases: read.testResults.flatMap((file) => casesOf(file, places)), truncated: false }
}
