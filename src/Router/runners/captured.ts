import type { Capture, RunnerCommand } from "./Runner.ts"

const script = "capture.sh"

/** Wraps a command so that its report lies at `reportPath`: by a script of our own, since no shell is trusted with the words. */
export const captured = (
  capture: Capture | undefined,
  command: RunnerCommand,
  places: { readonly reportPath: string; readonly reporters: string }
): RunnerCommand => {
  if (capture === undefined) return command
  const [directory, pattern] = capture.from === "files" ? [capture.directory, capture.pattern] : ["", ""]
  return {
    command: "/bin/sh",
    args: [
      `${places.reporters}/${script}`,
      capture.from,
      places.reportPath,
      directory,
      pattern,
      command.command,
      ...command.args
    ],
    env: command.env
  }
}

/** The first line of a report that is only what the command printed. */
const printedMark = "fluffy: the command left no report and printed\n"

/** What the command printed, where that stands in for a report. */
export const printedOf = (text: string): string | undefined =>
  text.startsWith(printedMark) ? text.slice(printedMark.length) : undefined

/** The reports that were put together, in order. */
export const partsOf = (text: string): ReadonlyArray<string> =>
  text.split("\n<?fluffy-report?>\n").filter((_) => _ !== "")
