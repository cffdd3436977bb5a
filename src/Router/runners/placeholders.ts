import { absolute, type RunnerRequest } from "./Runner.ts"

const has = (words: ReadonlyArray<string>, name: string) => words.some((word) => word.includes(`{${name}}`))

/** Whether a configured command is run for one file at a time. */
export const takesOneFile = (words: ReadonlyArray<string>): boolean => has(words, "file")

/** Whether a configured command is told where to put its report. */
export const takesReport = (words: ReadonlyArray<string>): boolean => has(words, "report")

/**
 * Fills in what a configured command is told: `{file}` the one test file, `{files}` a word of its own for each, `{name}` a test's name,
 * `{report}` the report's path. A word whose value there is none of is left out.
 */
export const filledIn = (words: ReadonlyArray<string>, request: RunnerRequest): ReadonlyArray<string> => {
  const files = absolute(request)
  const values: ReadonlyArray<readonly [name: string, values: ReadonlyArray<string>]> = [
    ["{file}", files.slice(0, 1)],
    ["{files}", files],
    ["{name}", request.name === null ? [] : [request.name]],
    ["{report}", [request.reportPath]]
  ]
  return words.flatMap((word) => {
    const [name, given] = values.find(([name]) => word.includes(name)) ?? []
    return name === undefined || given === undefined ? [word] : given.map((value) => word.replaceAll(name, () => value))
  })
}
