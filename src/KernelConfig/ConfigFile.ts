import { Either, ParseResult, Schema } from "effect"
import { parseAllowed, show } from "../domain/NetworkHost.ts"
import { Mode } from "../domain/Phase.ts"
import { problemOf } from "../internal/Glob.ts"
import { registryHosts } from "../Router.ts"
import { NecessityRule, RunnerReport, SandboxChoice } from "./KernelOptions.ts"
import { parseSize, parseTime, sizeForm, timeForm } from "./units.ts"

const quote = (value: unknown) => (JSON.stringify(value) ?? String(value)).slice(0, 80)

const saying = (text: string) => ({
  message: (issue: { readonly actual: unknown }) => ({ message: `${text}, not ${quote(issue.actual)}`, override: true })
})

const withUnit = (parse: (text: string) => number | undefined, form: string) =>
  Schema.transformOrFail(Schema.String, Schema.Number, {
    strict: true,
    decode: (text, _, ast) => {
      const value = parse(text)
      return value === undefined ? ParseResult.fail(new ParseResult.Type(ast, text)) : ParseResult.succeed(value)
    },
    encode: (value, _, ast) => ParseResult.fail(new ParseResult.Forbidden(ast, value, "settings are only read"))
  }).annotations(saying(`it must be ${form}`))

const oneOf = <const L extends ReadonlyArray<string>>(literals: L) =>
  Schema.Literal(...literals).annotations(saying(`it must be one of ${literals.join(", ")}`))

const key = <A, I, const Name extends string>(name: Name, schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { exact: true }).pipe(Schema.fromKey(name))

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const Count = Schema.Int.pipe(Schema.between(1, 1e12)).annotations(saying("it must be a whole number from 1"))
const Size = withUnit(parseSize, sizeForm)
const Time = withUnit(parseTime, timeForm)
const Text = Schema.String.pipe(Schema.pattern(/^[^\x00-\x1f\x7f]{1,1024}$/)).annotations(
  saying("it must be one line of text, quoted where YAML would read something else")
)

// A pattern that matches nothing would leave a secret open without a word.
const Pattern = Text.pipe(Schema.filter((text) => {
  const problem = problemOf(text)
  return problem === undefined ? true : `the pattern ${quote(text)} can never match: ${problem}`
}))
const Patterns = Schema.Array(Pattern)

const Runner = Schema.Struct({
  command: Text,
  args: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [], exact: true }),
  report: oneOf(RunnerReport),
  files: optional(Patterns),
  reportFile: key(
    "report_file",
    Text.pipe(Schema.filter((text) => !text.split("/").includes("..") && !text.startsWith("/")))
      .annotations(saying("it must be a pattern of files in the project"))
  )
}).pipe(
  Schema.filter((runner) =>
    runner.report !== "junit" || runner.reportFile !== undefined ||
      runner.args.some((word) => word.includes("{report}"))
      ? true
      : "a runner with report: junit needs report_file, or {report} in args"
  )
)

const Host = Schema.String.pipe(
  Schema.filter((text) => {
    const parsed = parseAllowed(text)
    return Either.isRight(parsed) ? true : `the host ${quote(text)} cannot be used: ${parsed.left}`
  }),
  Schema.transform(Schema.Struct({ host: Schema.String, port: Schema.Int }), {
    strict: true,
    decode: (text) => Either.getOrThrow(parseAllowed(text)),
    encode: show
  })
)

const Limits = Schema.Struct({
  timeoutMs: key("timeout", Time),
  outputBytes: key("output", Size),
  memoryBytes: key("memory", Size),
  processes: optional(Count),
  fileBytes: key("file", Size),
  diskBytes: key("disk", Size)
})

const Registry = Schema.Struct({
  url: Text,
  hosts: Schema.optionalWith(Schema.Array(Text), { default: () => [], exact: true }),
  ca: optional(Text.pipe(Schema.filter((path) => path.startsWith("/") || "it must be an absolute path")))
}).pipe(Schema.filter((registry) => {
  const hosts = registryHosts(registry)
  return typeof hosts === "string" ? hosts : true
}))

const Registries = Schema.Struct({ npm: optional(Registry), pip: optional(Registry) })

/** A `config.yaml`, a project's or a user's: the same keys, all optional; see `docs/configuration.md`. */
export const ConfigFile = Schema.Struct({
  model: optional(Text),
  baseUrl: key("base_url", Text),
  mode: optional(oneOf(Mode.literals)),
  sandbox: optional(oneOf(SandboxChoice)),
  image: optional(Text),
  baseImage: key("base_image", Text),
  projectImage: key("project_image", Schema.Boolean.annotations(saying("it must be true or false"))),
  maxTurns: key("max_turns", Count),
  maxTokens: key("max_tokens", Count),
  commit: optional(Schema.Boolean.annotations(saying("it must be true or false"))),
  tests: optional(Patterns),
  exempt: optional(Patterns),
  secrets: optional(Patterns),
  sensitive: optional(Patterns),
  maxChangedLines: key("max_changed_lines", Count),
  necessity: optional(oneOf(NecessityRule)),
  necessityBudget: key("necessity_budget", Time),
  limits: optional(Limits),
  runners: optional(Schema.Array(Runner)),
  network: optional(Schema.Array(Host)),
  registries: optional(Registries)
})

/** The key of each setting as a file writes it. */
export const fileKeys = {
  model: "model",
  baseUrl: "base_url",
  mode: "mode",
  sandbox: "sandbox",
  image: "image",
  baseImage: "base_image",
  projectImage: "project_image",
  maxTurns: "max_turns",
  maxTokens: "max_tokens",
  commit: "commit",
  tests: "tests",
  exempt: "exempt",
  secrets: "secrets",
  sensitive: "sensitive",
  maxChangedLines: "max_changed_lines",
  necessity: "necessity",
  necessityBudget: "necessity_budget",
  limits: "limits",
  runners: "runners",
  network: "network",
  registries: "registries"
} as const satisfies Readonly<Record<keyof typeof ConfigFile.Type, string>>
