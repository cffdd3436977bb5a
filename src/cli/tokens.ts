import { parseArgs } from "node:util"
import type { Flag } from "./Flag.ts"

/** One flag as it was written: `raw` with its dashes, `inline` when its value came after `=`. */
export interface Given {
  readonly name: string
  readonly raw: string
  readonly value: string | undefined
  readonly inline: boolean
}

/** The words of a command line, sorted: flags, words before `--`, words after it. */
export interface Tokens {
  readonly given: ReadonlyArray<Given>
  readonly words: ReadonlyArray<string>
  readonly rest: ReadonlyArray<string>
}

/** Splits a command line by Node's own rules. Where it is `verbatim`, everything from the first word on belongs together. */
export const tokenize = (
  argv: ReadonlyArray<string>,
  flags: Readonly<Record<string, Flag>>,
  verbatim: boolean
): Tokens => {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { kind, short }]) => [name, {
        type: kind === "switch" ? "boolean" as const : "string" as const,
        ...(short === undefined ? {} : { short })
      }])
    ),
    strict: false,
    allowPositionals: true,
    tokens: true
  })
  const border = verbatim ? tokens.find(({ kind }) => kind !== "option") : undefined
  const given: Array<Given> = []
  const words: Array<string> = []
  const rest: Array<string> = border === undefined
    ? []
    : argv.slice(border.kind === "positional" ? border.index : border.index + 1)
  let ended = false
  for (const token of tokens) {
    if (token === border) break
    if (token.kind === "option-terminator") ended = true
    else if (token.kind === "positional") (ended ? rest : words).push(token.value)
    else {
      given.push({ name: token.name, raw: token.rawName, value: token.value, inline: token.inlineValue === true })
    }
  }
  return { given, words, rest }
}
