import { Either, Schema } from "effect"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places, textOf, unreadable } from "./reportText.ts"
import { absolute, plainEnv, type Runner } from "./Runner.ts"

const Example = Schema.Struct({
  id: Schema.String,
  full_description: Schema.String,
  status: Schema.Literal("passed", "failed", "pending"),
  file_path: Schema.String,
  exception: Schema.optional(Schema.Struct({ class: Schema.String, message: Schema.NullOr(Schema.String) }))
})
const decode = Schema.decodeUnknownEither(Schema.parseJson(Schema.Struct({
  messages: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  examples: Schema.Array(Example),
  dry: Schema.optional(Schema.Boolean),
  changed: Schema.optional(Schema.Boolean),
  summary: Schema.Struct({
    example_count: Schema.Number,
    failure_count: Schema.Number,
    pending_count: Schema.Number,
    errors_outside_of_examples_count: Schema.optionalWith(Schema.Number, { default: () => 0 })
  })
})))

const statuses = { passed: "passed", failed: "failed", pending: "skipped" } as const
const loading = /An error occurred while loading (\S+?)\.?\s/

// RSpec makes names of what a matcher compares: `is expected to eq #<Object:0x000073a1>` is another one in each run.
const withoutAddresses = (name: string) => name.replaceAll(/(#<[A-Z][\w:]*):0x[0-9a-f]+/g, "$1")

const caseOf = (example: typeof Example.Type, places: Places): TestCase => ({
  // A shared example lies in another file than the one that uses it; the id begins with the latter.
  file: toProjectPath(example.id.replace(/\[[\d:]+\]$/, ""), places) ?? toProjectPath(example.file_path, places),
  name: withoutAddresses(example.full_description),
  status: statuses[example.status],
  ...(example.status === "failed"
    ? { message: `${example.exception?.class}: ${example.exception?.message}`.slice(0, maxMessage) }
    : {})
})

const loadErrors = (messages: ReadonlyArray<string>, places: Places) =>
  messages.flatMap((message): ReadonlyArray<TestCase> => {
    const [, file] = loading.exec(`${message} `) ?? []
    return file === undefined
      ? []
      : [{
        file: toProjectPath(file, places),
        name: "(file)",
        status: "error",
        message: message.trim().slice(0, maxMessage)
      }]
  })

const parse = (report: Uint8Array, places: Places): TestReport => {
  const text = textOf(report)
  const read = text === null ? undefined : Either.getOrUndefined(decode(text))
  if (read === undefined) return unreadable("rspec")
  const { changed, dry, examples, messages, summary } = read
  if (dry === true) return { ...unreadable("rspec"), problem: "it was a dry run, in which no example runs" }
  if (changed === true) {
    return { ...unreadable("rspec"), problem: "the tests or the code under test changed RSpec itself" }
  }
  const examined = examples.map((example) => caseOf(example, places))
  const errors = loadErrors(messages, places)
  const count = (status: TestCase["status"]) => examined.filter((one) => one.status === status).length
  const agree = summary.example_count === examples.length && summary.failure_count === count("failed") &&
    summary.pending_count === count("skipped")
  // An error outside of any file, in a hook of the whole suite for one, is nobody's test.
  const others: ReadonlyArray<TestCase> = summary.errors_outside_of_examples_count > errors.length
    ? [{
      file: null,
      name: "(outside of examples)",
      status: "error",
      message: messages.join("\n").slice(0, maxMessage)
    }]
    : []
  return { runner: "rspec", cases: [...examined, ...errors, ...others], truncated: !agree }
}

/** `exec rspec`, the words of bundler: what comes after them is RSpec's. */
const leadingOf = (args: ReadonlyArray<string>) => args[0] === "exec" ? args.slice(0, 2) : []

/** RSpec 3, by its JSON formatter, whose report is sealed. */
export const rspec: Runner = {
  name: "rspec",
  language: "ruby",
  reportFile: "rspec.json",
  sealed: true,
  valued: [],
  dropped: [],
  command: (request) => ({
    command: request.program,
    args: [
      ...leadingOf(request.args),
      `--require=${request.reporters}/fluffy_rspec.rb`,
      ...request.args.slice(leadingOf(request.args).length),
      "--no-color",
      "--format=progress",
      "--format=Fluffy::Formatter",
      ...(request.name === null ? [] : [`--example=${request.name}`]),
      ...absolute(request)
    ],
    env: { ...plainEnv, ...request.env }
  }),
  parse
}
