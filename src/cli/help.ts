import type { Flag, Spec } from "./Flag.ts"
import { type CommandName, common, table } from "./table.ts"

const width = 100
const widestName = 36
const widestChoice = 30

const choicesOf = (flag: Flag): string => flag.kind === "choice" ? flag.choices.join("|") : ""

const spelled = (name: string, flag: Flag): string => {
  const choices = choicesOf(flag)
  const value = flag.kind === "switch"
    ? ""
    : flag.kind !== "choice"
    ? flag.value
    : choices.length > widestChoice
    ? "NAME"
    : choices
  return `${flag.short === undefined ? "" : `-${flag.short}, `}--${name} ${value}`.trimEnd()
}

const wrap = (text: string, indent: number): string => {
  const lines = [""]
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!
    if (line !== "" && line.length + word.length + 1 > width - indent) lines.push(word)
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`
  }
  return lines.join(`\n${" ".repeat(indent)}`)
}

const columns = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const left = Math.min(widestName, Math.max(...rows.map(([name]) => name.length)))
  const indent = left + 4
  return rows.map(([name, text]) =>
    name.length > left
      ? `  ${name}\n${" ".repeat(indent)}${wrap(text, indent)}`
      : `  ${name.padEnd(left)}  ${wrap(text, indent)}`
  ).join("\n")
}

const flagRows = (spec: Spec): ReadonlyArray<readonly [string, string]> =>
  Object.entries({ ...spec.flags, ...common }).map(([name, flag]) => [
    spelled(name, flag),
    choicesOf(flag).length > widestChoice ? `${flag.help}: ${choicesOf(flag).replaceAll("|", ", ")}` : flag.help
  ])

const rowOf = (spec: Spec) => [`fluffy ${spec.usage}`, spec.summary] as const

/** The help of one command. */
export const helpOf = (name: CommandName): string => {
  const spec: Spec = table[name]
  const details = spec.details === undefined ? "" : `\n${wrap(spec.details, 0)}\n`
  return `fluffy ${spec.usage}\n\n${wrap(spec.summary, 0)}\n${details}\n${columns(flagRows(spec))}\n`
}

/** The help of the commands of one family: `fluffy audit --help`. */
export const helpOfFamily = (family: string): string => {
  const members = Object.values(table).filter((spec) => spec.usage.startsWith(`${family} `))
  return `${columns(members.map(rowOf))}\n\nfluffy ${family} COMMAND --help tells more.\n`
}

const exits: ReadonlyArray<readonly [string, string]> = [
  ["0", "done: a green verdict is on record, or an explore answer was given"],
  ["1", "internal error"],
  ["2", "usage or configuration"],
  ["3", "stopped short: turns, tokens or time"],
  ["4", "review needed or rejected"],
  ["5", "denied by policy"],
  ["6", "no test runner found, or no verdict"],
  ["7", "no sandbox usable"],
  ["8", "the model provider failed"],
  ["9", "the audit log does not verify"],
  ["130", "interrupted"]
]

/** The whole of `fluffy --help`. */
export const help = (): string =>
  `Fluffy: a zero-trust, test-first coding agent

${columns(Object.values(table).map(rowOf))}

Flags of fluffy "<task>":
${columns(flagRows(table.run))}

Exit codes:
${columns(exits)}

fluffy COMMAND --help tells more of a command; fluffy --version says which Fluffy this is.
`
