import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

declare module "vitest" {
  interface ProvidedContext {
    /** A directory of this run's: a JSON file of outcomes, by command, for each runtime. */
    readonly outcomes: string
  }
}

/** Keeps what came of every command on one runtime, for the table at the end of the run. */
export const record = (directory: string, runtime: string, outcomes: Readonly<Record<string, string>>): void =>
  writeFileSync(join(directory, `${runtime}.json`), JSON.stringify(outcomes))

const order = ["bubblewrap", "docker", "podman"]
const rank = (runtime: string) => order.findIndex((name) => runtime.startsWith(name))

const cut = (text: string, width: number) =>
  (text.length > width ? `${text.slice(0, width - 1)}…` : text).replaceAll("\n", " ").padEnd(width)

const width = 24

/** The table of all recorded outcomes, a command a line and a runtime a column; undefined when there are none. */
export const table = (directory: string): string | undefined => {
  const columns = readdirSync(directory).map((file) => file.slice(0, -".json".length))
    .sort((left, right) => rank(left) - rank(right) || (left < right ? -1 : 1))
  const of = new Map(
    columns.map((name) => [
      name,
      JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8")) as Readonly<Record<string, string>>
    ])
  )
  const rows = [...new Set([...of.values()].flatMap((outcomes) => Object.keys(outcomes)))]
  if (rows.length === 0) return undefined
  const named = Math.max(...rows.map((row) => row.length))
  const line = (cells: ReadonlyArray<string>) => cells.map((cell) => cut(cell, width)).join("  ").trimEnd()
  return [
    `${rows.length} hostile commands on ${columns.length} runtimes`,
    `${"".padEnd(named)}  ${line(columns)}`,
    ...rows.map((row) => `${row.padEnd(named)}  ${line(columns.map((name) => of.get(name)?.[row] ?? "not run"))}`)
  ].join("\n")
}
