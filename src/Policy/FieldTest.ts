import { compileSplit } from "../internal/Glob.ts"
import { commandTest } from "./commandTest.ts"
import { listOf, type Match, prefixesOf } from "./Rule.ts"
import type { Subject } from "./Subject.ts"

/** One field of a match, compiled; `wanted` says for a person what it asks for. */
export interface FieldTest {
  readonly field: keyof Match | "builtin"
  readonly wanted: string
  readonly test: (subject: Subject) => boolean
}

const shown = (values: ReadonlyArray<unknown>) => {
  const words = values.slice(0, 5).map((value) => typeof value === "string" ? value : JSON.stringify(value))
  return values.length === 0 ? "nothing: its list is empty" : `${words.join(", ")}${values.length > 5 ? ", …" : ""}`
}

const equal = (
  field: "action" | "phase" | "mode" | "tool" | "caller",
  values: ReadonlyArray<string> | undefined
): ReadonlyArray<FieldTest> => {
  if (values === undefined) return []
  const set = new Set<string | undefined>(values)
  return [{ field, wanted: shown(values), test: ({ request }) => set.has(request[field]) }]
}

/** Parts `name:port`; a rule that names no port speaks of every one. */
const split = (host: string) => {
  const [, name = "", port] = /^(.*?)\.?(?::(\d+))?$/.exec(host.toLowerCase()) ?? []
  return { name, port }
}

const host = (values: ReadonlyArray<string> | undefined): ReadonlyArray<FieldTest> => {
  if (values === undefined) return []
  const hosts = values.map(split)
  const test = ({ request }: Subject) => {
    if (request.host === undefined) return false
    const asked = split(request.host)
    return hosts.some(({ name, port }) =>
      (port === undefined || port === asked.port) &&
      (name === asked.name || (name.startsWith("*.") && asked.name.endsWith(name.slice(1))))
    )
  }
  return [{ field: "host", wanted: shown(values), test }]
}

const path = (values: ReadonlyArray<string> | undefined): ReadonlyArray<FieldTest> => {
  if (values === undefined) return []
  const matches = compileSplit(values)
  return [{ field: "path", wanted: shown(values), test: ({ directory, names }) => matches(names, directory) }]
}

const args = (prefixes: ReadonlyArray<ReadonlyArray<string>> | undefined): ReadonlyArray<FieldTest> => {
  if (prefixes === undefined) return []
  const test = ({ request }: Subject) => {
    const asked = request.args
    return asked !== undefined &&
      prefixes.some((prefix) => prefix.length <= asked.length && prefix.every((word, index) => word === asked[index]))
  }
  return [{ field: "args", wanted: shown(prefixes), test }]
}

const command = (values: ReadonlyArray<string> | undefined, wide: boolean): ReadonlyArray<FieldTest> => {
  if (values === undefined) return []
  const matches = commandTest(values, wide)
  return [{
    field: "command",
    wanted: shown(values),
    test: ({ request }) => request.command !== undefined && matches(request.command)
  }]
}

/** The tests of a match, cheap ones first; all must hold. `wide`: a command is known by its last name too, wherever it lies. */
export const fieldTests = (match: Match, wide: boolean): ReadonlyArray<FieldTest> => [
  ...equal("action", listOf(match.action)),
  ...equal("phase", listOf(match.phase)),
  ...equal("mode", listOf(match.mode)),
  ...equal("tool", listOf(match.tool)),
  ...equal("caller", listOf(match.caller)),
  ...host(listOf(match.host)),
  ...command(listOf(match.command), wide),
  ...args(prefixesOf(match.args)),
  ...path(listOf(match.path))
]
