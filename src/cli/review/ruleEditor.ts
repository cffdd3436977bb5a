import { escapeLine } from "../../internal/escape.ts"
import { describeScope, type PolicyRequest, problemOfWider, scopeOf, suggestionsFor, type Wider } from "../../Policy.ts"

const maxShown = 400
const maxLines = 5

const lines = (asked: ReadonlyArray<PolicyRequest>, wider: Wider | undefined): ReadonlyArray<string> => {
  const all = [...new Set(asked.map((one) => escapeLine(describeScope(scopeOf(one, wider)), maxShown)))]
  return all.length <= maxLines ? all : [...all.slice(0, maxLines - 1), `and ${all.length - maxLines + 1} more`]
}

const everyFile = (wider: Wider): boolean =>
  wider.path !== undefined && problemOfWider([{ action: "change", path: "\uffff/\uffff" }], wider) === undefined

/** The rule that a yes would leave, and its editing by a person. */
export interface RuleEditor {
  readonly wider: () => Wider | undefined
  /** The rule in words, one line for each that there would be. */
  readonly shown: () => string
  /** What there is to choose from. */
  readonly menu: string
  /** Asks for a choice. */
  readonly prompt: string
  /** Reads what was typed: undefined when it became the rule, else why it cannot. */
  readonly take: (typed: string) => string | undefined
}

/** Edits the rule for what is asked about: by the number of a suggestion, or by patterns that are typed. */
export const makeRuleEditor = (asked: ReadonlyArray<PolicyRequest>): RuleEditor => {
  let chosen: Wider | undefined
  const choices = [undefined, ...suggestionsFor(asked)]
  const hasPaths = asked.every(({ path }) => path !== undefined)

  const take = (typed: string): string | undefined => {
    if (typed === "") return undefined
    if (/^\d+$/.test(typed)) {
      const index = Number(typed) - 1
      if (index >= choices.length || index < 0) return `there is no number ${typed.slice(0, 10)}`
      chosen = choices[index]
      return undefined
    }
    if (!hasPaths) return "type one of the numbers"
    const wider = { path: typed.split(",").map((pattern) => pattern.trim()).filter((pattern) => pattern !== "") }
    const problem = problemOfWider(asked, wider)
    if (problem === undefined) chosen = wider
    return problem
  }

  return {
    wider: () => chosen,
    shown: () =>
      [
        ...lines(asked, chosen).map((line) => `  rule: ${line}`),
        ...(chosen !== undefined && everyFile(chosen)
          ? ["  This is every file. What other rules deny stays denied."]
          : [])
      ].join("\n"),
    menu: [
      ...choices.flatMap((wider, index) =>
        lines(asked, wider).map((line, at) => `  ${at === 0 ? String(index + 1).padStart(2) : "  "}  ${line}`)
      ),
      ""
    ].join("\n"),
    prompt: hasPaths
      ? "Which? A number, or patterns of paths with commas between; empty to leave it: "
      : "Which number? Empty to leave it: ",
    take
  }
}
