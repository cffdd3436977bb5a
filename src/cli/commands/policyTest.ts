import { Effect } from "effect"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import { runExamples } from "../../Policy/examples.ts"
import { describe } from "../../Policy/Subject.ts"
import * as PolicyYaml from "../../Policy/Yaml.ts"
import type { CommandOf } from "../args.ts"
import { outStyle, print } from "../io.ts"
import { policyFiles, problemFields, tellProblems } from "../policyFiles.ts"

/** `fluffy policy test`: every example of every rule and extension and how it came out; 2 when one fails. */
export const run = Effect.fnUntraced(function*({ flags, operands }: CommandOf<"policy test">) {
  const { extensions, problems, rules } = yield* PolicyYaml.check(yield* policyFiles(operands), false)
  tellProblems(problems)
  if (flags.json === true) problems.forEach((problem) => print(`${escapeJson(problemFields(problem))}\n`))
  let ran = 0
  let failed = 0
  const tried = [
    ...rules.map(({ layer, rule }) => ({ layer, name: rule.name, outcomes: runExamples(rule) })),
    ...extensions.map(({ extension: { layer, name }, outcomes }) => ({ layer, name, outcomes }))
  ]
  for (const { layer, name, outcomes } of tried) {
    if (outcomes.length === 0 && flags.json !== true) print(`${outStyle.yellow("no example")}  ${layer} ${name}\n`)
    for (const { kind, ok, request } of outcomes) {
      ran++
      if (!ok) failed++
      if (flags.json === true) print(`${escapeJson({ layer, rule: name, kind, request, ok })}\n`)
      else {
        print(
          `${ok ? outStyle.green("ok        ") : outStyle.red("FAILED    ")}  ${layer} ${name} ${
            kind === "match" ? "matches" : "leaves"
          } ${escapeLine(describe(request))}\n`
        )
      }
    }
  }
  if (flags.json !== true) print(`${count(ran, "example")} of ${count(tried.length, "rule")}, ${failed} failed\n`)
  return problems.length === 0 && failed === 0 ? 0 : 2
})
