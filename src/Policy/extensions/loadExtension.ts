import { Effect, Either, ParseResult, Schema } from "effect"
import { basename, extname } from "node:path"
import { type ExampleOutcome, requestsOf } from "../examples.ts"
import { PolicyLoadFailed } from "../PolicyError.ts"
import { ofExample } from "../problems.ts"
import type { PolicyFile } from "../readPolicyFile.ts"
import { Rule } from "../Rule.ts"
import { describe } from "../Subject.ts"
import { type Extension, makeExtension } from "./Extension.ts"
import { type Refusal, start } from "./Program.ts"
import { strip } from "./strip.ts"

/** An extension and what its examples came to. */
export interface LoadedExtension {
  readonly extension: Extension
  readonly outcomes: ReadonlyArray<ExampleOutcome>
}

const Description = Schema.parseJson(Schema.Struct({
  exports: Schema.Array(Schema.String),
  rule: Schema.String,
  name: Schema.optional(Schema.Unknown),
  examples: Schema.optional(Schema.String)
}))

const decodeDescription = Schema.decodeUnknownOption(Description)
const isName = Schema.is(Rule.fields.name)
const decodeExamples = Schema.decodeUnknownEither(Schema.parseJson(Rule.fields.examples.from), {
  onExcessProperty: "error"
})

/** The most requests that the examples of one extension may stand for. */
const maxRequests = 1000

const known = ["default", "name", "examples"]

const placeOf = (text: string, name: string) => {
  const line = text.split("\n").findIndex((line) => line.startsWith("export") && line.includes(name))
  return { line: line + 1, column: line < 0 ? 0 : 1 }
}

const at = (text: string, name: string, problem: string): Refusal => ({ ...placeOf(text, name), problem })

/** What the module says of itself, or what is wrong with it. */
const readDescription = (file: string, text: string, description: string) => {
  const found = decodeDescription(description)
  if (found._tag === "None") return at(text, "default", "its exports cannot be read")
  const { examples = "{}", exports, name = basename(file, extname(file)), rule } = found.value
  if (rule !== "function") return at(text, "default", `it has to export default a function, not ${rule}`)
  const other = exports.find((name) => !known.includes(name))
  if (other !== undefined) {
    return at(text, other, `it exports ${JSON.stringify(other.slice(0, 80))}; known are ${known.join(", ")}`)
  }
  if (!isName(name)) {
    const wanted = `a name is up to 64 letters, digits, dots and dashes, and not "default"`
    return at(text, "name", `${wanted}; export const name = "..." gives one`)
  }
  const decoded = decodeExamples(examples)
  if (Either.isRight(decoded)) return { name, examples: decoded.right }
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(decoded.left)
  const where = ["examples", ...issue?.path ?? []].join(".")
  return at(text, "examples", `${where}: ${(issue?.message ?? "cannot be read").slice(0, 300)}`)
}

const expected = { match: "should match, but the extension says nothing", no_match: "should not match, but" } as const

type Examples = Exclude<typeof Rule.Type["examples"], undefined>

/** Asks about every example, until one is refused. */
const tryExamples = Effect.fnUntraced(function*(text: string, extension: Extension, examples: Examples) {
  const outcomes: Array<ExampleOutcome> = []
  for (const kind of ["match", "no_match"] as const) {
    for (const [index, example] of (examples[kind] ?? []).entries()) {
      const where = ["examples", kind, index]
      const [wrong] = ofExample(example, where)
      if (wrong !== undefined) return at(text, "examples", `${wrong.at.join(".")}: ${wrong.problem}`)
      for (const request of requestsOf(example)) {
        if (outcomes.length === maxRequests) {
          return at(text, "examples", `its examples stand for more than ${maxRequests} requests`)
        }
        const verdict = yield* extension.ask(request)
        const ok = verdict._tag === (kind === "match" ? "Answered" : "Abstained")
        outcomes.push({ rule: extension.name, kind, index, request, ok })
        if (ok) continue
        const came = verdict._tag === "Failed"
          ? `it failed (${verdict.failure}): ${verdict.problem}`
          : verdict._tag === "Answered"
          ? `it says ${verdict.effect}`
          : ""
        return at(
          text,
          "examples",
          `the example ${describe(request)} ${expected[kind]}${came === "" ? "" : ` ${came}`}`
        )
      }
    }
  }
  return outcomes
})

/** Compiles an extension, runs it once and tries its examples; the first thing wrong refuses it. */
export const loadExtension = Effect.fnUntraced(function*(
  { file, layer }: PolicyFile,
  text: string
): Effect.fn.Return<LoadedExtension, PolicyLoadFailed> {
  const fail = (refusal: Refusal, rule?: string) =>
    new PolicyLoadFailed({ file, ...refusal, ...(rule === undefined ? {} : { rule }) })
  const source = extname(file) === ".ts" ? strip(basename(file), text) : text
  if (typeof source !== "string") return yield* fail(source)
  const again = () => start(basename(file), source)
  const program = yield* Effect.tryPromise({
    try: again,
    catch: () => fail({ line: 0, column: 0, problem: "the engine for extensions (QuickJS) cannot be started" })
  })
  if ("problem" in program) return yield* fail(program)
  const described = readDescription(file, text, program.description)
  if ("problem" in described) return yield* fail(described)
  const { examples = {}, name } = described
  const extension = makeExtension({ name, layer, file }, program, again)
  const outcomes = yield* tryExamples(text, extension, examples)
  return "problem" in outcomes ? yield* fail(outcomes, name) : { extension, outcomes }
})
