import type { Verdict } from "../../../domain/Verdict.ts"
import { phaseTable, type SessionState } from "../../../StateMachine.ts"

const maxFailures = 10
const maxMessage = 1_500

/** The verdict in words for the model: counts, why, the failures, the phase now and what is possible in it. */
export const describeVerdict = (state: SessionState, verdict: Verdict): string => {
  const counts = `${verdict.passed} passed, ${verdict.failed} failed, ${verdict.skipped} skipped`
  const lines = [`verdict: ${verdict.verdict} (${counts}): ${verdict.reason}`]
  if (verdict.verdict === "green" && state.phase !== "green") {
    lines.push("These tests pass before any code was written: write one that fails.")
  }
  if (verdict.verdict === "green" && verdict.partial === true) {
    lines.push(
      "Only tests that match the pattern ran: run all tests before you complete the task, or a human has to review it."
    )
  }
  lines.push(...listed("Failed before this session already, and do not count:", verdict.failedBefore))
  lines.push(
    ...listed("Passed before this session and do not run any more, which a human has to review:", verdict.removed),
    ...listed(
      "Not green without these, which git ignores and no merge takes; a human has to review it:",
      verdict.unmerged
    )
  )
  if (verdict.baseline !== undefined) {
    lines.push(`What the tests did before this session is not known: ${verdict.baseline}`)
  }
  lines.push(`phase: ${state.phase}. ${phaseTable[state.phase].possible}`)
  const failures = verdict.failures.filter(({ before }) => before !== true)
  for (const { file, message, name } of failures.slice(0, maxFailures)) {
    lines.push(
      `- ${file ?? "(no file)"} > ${name}${
        message === undefined ? "" : `\n  ${message.slice(0, maxMessage).replaceAll("\n", "\n  ")}`
      }`
    )
  }
  if (failures.length > maxFailures) lines.push(`[and ${failures.length - maxFailures} more failures]`)
  return lines.join("\n")
}

const listed = (title: string, tests: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  tests === undefined ? [] : [
    title,
    ...tests.slice(0, maxFailures).map((test) => `- ${test}`),
    ...(tests.length > maxFailures ? [`[and ${tests.length - maxFailures} more]`] : [])
  ]
