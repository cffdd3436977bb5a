import { realpathSync } from "node:fs"
import { pathToFileURL } from "node:url"

/** One measured bar: `reference` and `figure` in `unit`, `ratio` of the two as the bar defines it, `bar` as a person reads it. */
export interface BenchRow {
  readonly what: string
  readonly reference: number
  readonly figure: number
  readonly ratio: number
  readonly bar: string
  readonly unit: string
  readonly ok: boolean
}

const number = (value: number) => value.toLocaleString("en-US", { maximumSignificantDigits: 4 })

/** Prints rows as a table and returns whether every bar is met. */
export const print = (rows: ReadonlyArray<BenchRow>): boolean => {
  console.table(rows.map((row) => ({
    what: row.what,
    reference: `${number(row.reference)} ${row.unit}`,
    figure: `${number(row.figure)} ${row.unit}`,
    ratio: number(row.ratio),
    bar: row.bar,
    ok: row.ok ? "yes" : "NO"
  })))
  return rows.every((row) => row.ok)
}

/** Whether the module with this URL is the program that was started, so that a benchmark can also be run alone. */
export const isMain = (url: string): boolean =>
  process.argv[1] !== undefined && url === pathToFileURL(realpathSync(process.argv[1])).href
