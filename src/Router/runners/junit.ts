import { Either, Schema } from "effect"
import { XMLParser, XMLValidator } from "fast-xml-parser"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { type Places, textOf, unreadable } from "./reportText.ts"

const Problem = Schema.Struct({ message: Schema.optional(Schema.String), "#text": Schema.optional(Schema.String) })
const Case = Schema.Struct({
  classname: Schema.optionalWith(Schema.String, { default: () => "" }),
  name: Schema.String,
  file: Schema.optional(Schema.String),
  failure: Schema.optional(Schema.Array(Problem)),
  error: Schema.optional(Schema.Array(Problem)),
  skipped: Schema.optional(Schema.Array(Schema.Unknown))
})
const Suite = Schema.Struct({ testcase: Schema.optionalWith(Schema.Array(Case), { default: () => [] }) })
const Document = Schema.Struct({
  testsuites: Schema.Struct({ testsuite: Schema.Array(Suite) })
})
const decode = Schema.decodeUnknownEither(Document)

const maxMessage = 4_000
const lists = new Set(["testsuite", "testcase", "failure", "error", "skipped"])

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  alwaysCreateTextNode: true,
  isArray: (name, _path, _leaf, isAttribute) => !isAttribute && lists.has(name)
})

const messageOf = (problem: unknown) => {
  const { "#text": text, message } = problem as typeof Problem.Type
  return (text === undefined || text.trim() === "" ? message ?? "" : text).slice(0, maxMessage)
}

const caseOf = (test: typeof Case.Type, places: Places): TestCase => {
  const file = toProjectPath(test.file, places)
  const name = test.classname === "" ? test.name : `${test.classname}.${test.name}`
  const error = test.error?.[0]
  if (error?.message === "collection failure") {
    return { file, name: "(file)", status: "error", message: messageOf(error) }
  }
  const problem = test.failure?.[0] ?? error
  if (problem !== undefined) return { file, name, status: "failed", message: messageOf(problem) }
  return { file, name, status: test.skipped === undefined ? "passed" : "skipped" }
}

const read = (text: string) => {
  // Entities could blow a small report up to any size; no runner writes a DOCTYPE.
  if (text.includes("<!DOCTYPE") || text.includes("<!ENTITY") || XMLValidator.validate(text) !== true) return undefined
  return Either.getOrUndefined(decode(parser.parse(text)))
}

/** Reads pytest's JUnit XML of the family xunit1, the one that names files. */
export const parseJunit = (runner: string, report: Uint8Array, places: Places): TestReport => {
  const text = textOf(report)
  if (text === null) return unreadable(runner)
  try {
    const document = read(text)
    if (document === undefined) return unreadable(runner)
    const cases = document.testsuites.testsuite.flatMap((suite) => suite.testcase.map((test) => caseOf(test, places)))
    return { runner, cases, truncated: false }
  } catch {
    return unreadable(runner)
  }
}
