import { parseTime, timeForm } from "../KernelConfig/units.ts"
import type { Flag, Spec, ValuesOf } from "./Flag.ts"
import { help, helpOf, helpOfFamily } from "./help.ts"
import { nearest } from "./nearest.ts"
import { type CommandName, common, type Table, table } from "./table.ts"
import { type Given, tokenize } from "./tokens.ts"
import { UsageError } from "./UsageError.ts"

type Flags<Name extends CommandName> = ValuesOf<Table[Name]["flags"] & typeof common>

/** What the command line asks for. `operands` are its words that are no flags; for `run` there is one, the task. */
export type Command = {
  [Name in CommandName]: { readonly name: Name; readonly flags: Flags<Name>; readonly operands: ReadonlyArray<string> }
}[CommandName]

/** One command of the table, parsed. */
export type CommandOf<Name extends CommandName> = Extract<Command, { readonly name: Name }>

/** Text to print instead of doing anything; no task at all is help with exit code 2. */
export interface Printed {
  readonly _tag: "Help" | "Version"
  readonly text: string
  readonly exitCode: 0 | 2
}

const commandNames = Object.keys(table).filter((name): name is CommandName => name !== "run")
const families = new Set(commandNames.filter((name) => name.includes(" ")).map((name) => name.split(" ")[0]!))
const firstWords = [...new Set(commandNames.map((name) => name.split(" ")[0]!)), "help"]

const printHelp = (text: string, exitCode: 0 | 2 = 0): Printed => ({ _tag: "Help", text, exitCode })

/** Reads the words after `fluffy`. Pure: nothing is looked up, nothing printed. */
export const parse = (argv: ReadonlyArray<string>): Command | Printed | UsageError => {
  const [first, second] = argv
  if (first === undefined) return printHelp(help(), 2)
  if (first === "--version" || first === "-V") return { _tag: "Version", text: "", exitCode: 0 }
  if (first === "--help" || first === "-h") {
    const named = commandNames.find((name) => name === argv.slice(1).join(" "))
    return printHelp(named === undefined ? help() : helpOf(named))
  }
  if (first === "help") return parseHelp(argv.slice(1))
  const both = commandNames.find((name) => name === `${first} ${second}`)
  if (both !== undefined) return read(both, argv.slice(2))
  if (families.has(first)) return parseFamily(first, second)
  const single = commandNames.find((name) => name === first)
  return single === undefined ? read("run", argv) : read(single, argv.slice(1))
}

const parseHelp = (words: ReadonlyArray<string>): Printed | UsageError => {
  const asked = words.join(" ")
  const name = commandNames.find((command) => command === asked)
  if (asked === "" || asked === "help") return printHelp(help())
  if (name !== undefined) return printHelp(helpOf(name))
  return families.has(asked) ? printHelp(helpOfFamily(asked)) : unknownCommand(asked)
}

const parseFamily = (family: string, word: string | undefined): Printed | UsageError => {
  if (word === "--help" || word === "-h") return printHelp(helpOfFamily(family))
  const members = commandNames.filter((name) => name.startsWith(`${family} `)).map((name) =>
    name.slice(family.length + 1)
  )
  if (word === undefined) {
    return new UsageError(`fluffy ${family} needs a command`, `Give one of: ${members.join(", ")}`)
  }
  const meant = nearest(word, members)
  return new UsageError(
    `fluffy ${family} has no command ${quote(word)}`,
    meant === undefined ? `It has: ${members.join(", ")}` : `Did you mean: fluffy ${family} ${meant}`
  )
}

const quote = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

const unknownCommand = (word: string): UsageError => {
  const meant = nearest(word, firstWords)
  return new UsageError(
    `fluffy has no command ${quote(word)}`,
    `${meant === undefined ? "" : `Did you mean: fluffy ${meant}? `}A task is one text in quotes, ` +
      `fluffy "fix the parser"; a task of one word needs --, fluffy -- ${quote(word).slice(1, -1)}`
  )
}

/** What usage calls the words that cannot be left out. */
const operandsOf = ({ usage }: Spec): ReadonlyArray<string> =>
  usage.replace(/\[[^\]]*\]/g, "").match(/\b[A-Z]+\b/g) ?? []

const read = (name: CommandName, argv: ReadonlyArray<string>): Command | Printed | UsageError => {
  const spec: Spec = table[name]
  const flags: Readonly<Record<string, Flag>> = { ...spec.flags, ...common }
  const { given, rest, words } = tokenize(argv, flags, spec.verbatim === true)
  const values: Record<string, unknown> = {}
  for (const one of given) {
    const flag = Object.hasOwn(flags, one.name) ? flags[one.name] : undefined
    const value = flag === undefined ? unknownFlag(name, one, flags) : valueOf(one, flag, values[one.name])
    if (value instanceof UsageError) return value
    values[one.name] = value
  }
  if (values["help"] === true) return printHelp(name === "run" ? help() : helpOf(name))
  const operands = name === "run" ? taskOf(words, rest) : [...words, ...rest]
  if (operands instanceof UsageError) return operands
  const { least, most } = spec.operands
  if (operands.length < least || operands.length > most) {
    const extra = operands[most]
    return new UsageError(
      extra === undefined
        ? `fluffy ${name} needs ${operandsOf(spec).slice(operands.length).join(" and ")}`
        : `fluffy ${name} does not take ${quote(extra)}`,
      `Use: fluffy ${spec.usage}`
    )
  }
  return { name, flags: values, operands } as Command
}

const taskOf = (
  words: ReadonlyArray<string>,
  rest: ReadonlyArray<string>
): ReadonlyArray<string> | UsageError => {
  const [word] = words
  if (rest.length > 0 && word === undefined) return taskText(rest.join(" "))
  if (word === undefined) return new UsageError("There is no task", "Give it in quotes: fluffy \"fix the parser\"")
  if (firstWords.includes(word)) {
    return new UsageError(`The command ${word} comes before its flags`, `Use: fluffy ${word} …`)
  }
  const all = [...words, ...rest]
  if (all.length === 1) return word.trim() !== "" && !/\s/.test(word.trim()) ? unknownCommand(word) : taskText(word)
  const meant = nearest(word, firstWords)
  return new UsageError(
    `A task is one text, and this is ${all.length}`,
    `${meant === undefined ? "" : `Did you mean: fluffy ${meant}? `}Give a task in quotes: fluffy ${
      quote(all.join(" "))
    }`
  )
}

const taskText = (text: string): ReadonlyArray<string> | UsageError =>
  text.trim() === "" ? new UsageError("The task is empty", "Give it in quotes: fluffy \"fix the parser\"") : [text]

const unknownFlag = (name: CommandName, { raw }: Given, flags: Readonly<Record<string, Flag>>): UsageError => {
  const meant = nearest(raw.replace(/^-+/, ""), Object.keys(flags))
  const command = name === "run" ? "fluffy" : `fluffy ${name}`
  return new UsageError(
    `${command} has no flag ${quote(raw).slice(1, -1)}`,
    meant === undefined ? `See: ${command} --help` : `Did you mean: --${meant}`
  )
}

const valueOf = ({ inline, raw, value }: Given, flag: Flag, earlier: unknown): unknown => {
  if (flag.kind === "switch") {
    return inline ? new UsageError(`${raw} takes no value, and got ${quote(value ?? "")}`, `Write ${raw} alone`) : true
  }
  if (value === undefined || value === "" || (!inline && value.length > 1 && value.startsWith("-"))) {
    const wants = flag.kind === "choice" ? flag.choices.join(", ") : flag.value
    const dash = value?.startsWith("-") === true ? `; one that begins with a dash is written ${raw}=${value}` : ""
    const what = dash === "" && flag.kind !== "choice" ? `: ${flag.help}` : dash
    return new UsageError(`${raw} needs a value`, `It takes ${wants}${what}`)
  }
  if (flag.kind === "texts") return [...(earlier as ReadonlyArray<string> | undefined ?? []), value]
  if (earlier !== undefined) return new UsageError(`${raw} is given twice`, "Give it once")
  if (flag.kind === "choice") {
    if (flag.choices.includes(value)) return value
    const meant = nearest(value, flag.choices)
    return new UsageError(
      `${raw} does not know ${quote(value)}`,
      meant === undefined ? `It takes ${flag.choices.join(", ")}` : `Did you mean: ${meant}`
    )
  }
  if (flag.kind === "count") {
    return /^[1-9]\d{0,11}$/.test(value)
      ? Number(value)
      : new UsageError(`${raw} takes a whole number from 1, and got ${quote(value)}`, `For instance: ${raw} 10`)
  }
  if (flag.kind === "time") {
    return parseTime(value) ?? new UsageError(`${raw} cannot read ${quote(value)}`, `It takes ${timeForm}`)
  }
  return value
}
