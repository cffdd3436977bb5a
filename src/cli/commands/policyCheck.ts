import { Effect } from "effect"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import * as PolicyYaml from "../../Policy/Yaml.ts"
import type { CommandOf } from "../args.ts"
import { errStyle, outStyle, print, tell } from "../io.ts"
import { policyFiles, problemFields, tellProblems } from "../policyFiles.ts"

/** `fluffy policy check`: 0 when every file can be loaded, its examples included; 2 when one cannot. */
export const run = Effect.fnUntraced(function*({ flags, operands }: CommandOf<"policy check">) {
  const files = yield* policyFiles(operands)
  const { extensions, problems, rules, warnings } = yield* PolicyYaml.check(files)
  if (flags.json === true) {
    print(`${
      escapeJson({
        files: files.map(({ file, layer }) => ({ file, layer })),
        rules: rules.map(({ layer, rule }) => ({ layer, name: rule.name, effect: rule.effect })),
        extensions: extensions.map(({ extension: { file, layer, name } }) => ({ layer, name, file })),
        warnings,
        problems: problems.map(problemFields)
      })
    }\n`)
  } else {
    tellProblems(problems)
    for (const { file, line, rule, warning } of warnings) {
      tell(`${errStyle.yellow("warning:")} ${escapeLine(`${file}:${line} (rule ${rule}): ${warning}`, 1000)}\n`)
    }
    for (const { file, layer } of files) {
      const bad = problems.some((problem) => problem.file === file)
      print(
        `${bad ? outStyle.red("refused") : outStyle.green("ok     ")}  ${layer.padEnd(8)} ${escapeLine(file, 1000)}\n`
      )
    }
    const programs = extensions.length === 0 ? "" : `, ${count(extensions.length, "extension")}`
    print(
      `${count(files.length, "file")}, ${count(rules.length, "rule")}${programs}, ${
        count(problems.length, "problem")
      }\n`
    )
  }
  return problems.length === 0 ? 0 : 2
})
