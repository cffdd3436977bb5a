import type { TestReport } from "../../domain/Verdict.ts"

export type { Places } from "./Places.ts"

/** A report larger than this, in bytes, is not read. */
export const maxReportBytes = 16 * 1024 * 1024

/** A failure's message is cut to this many characters. */
export const maxMessage = 4_000

/** The report as text, null when it is too large or no UTF-8. */
export const textOf = (report: Uint8Array): string | null => {
  if (report.byteLength > maxReportBytes) return null
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(report)
  } catch {
    return null
  }
}

/** A report of which nothing can be believed. */
export const unreadable = (runner: string): TestReport => ({ runner, cases: [], truncated: true })
