import type { TestReport } from "../../domain/Verdict.ts"
import { buildErrors } from "./buildErrors.ts"
import { printedOf } from "./captured.ts"
import { type Places, textOf, unreadable } from "./reportText.ts"

/**
 * Reads a report, or what the command printed where it left none: then a build that complains of files of the project is a report of
 * them, and anything else is no report.
 */
export const orPrinted = (
  runner: string,
  report: Uint8Array,
  places: Places,
  says: RegExp,
  read: (text: string) => TestReport | undefined,
  complaints: (printed: string) => string = (printed) => printed
): TestReport | null => {
  const text = textOf(report)
  if (text === null) return unreadable(runner)
  const printed = printedOf(text)
  if (printed === undefined) return read(text) ?? unreadable(runner)
  const cases = buildErrors(complaints(printed), places, says)
  return cases.length === 0 ? null : { runner, cases, truncated: false }
}
