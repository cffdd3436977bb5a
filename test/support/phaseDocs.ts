import type { PhaseEdge, PhaseRow, phaseTable } from "../../src/StateMachine/phaseTable.ts"

type Table = typeof phaseTable

const names: Record<PhaseEdge["on"], string> = {
  TaskSubmitted: "a task is submitted",
  ChangesAccepted: "changes accepted",
  TestRunStarted: "test.run starts",
  TestRunFinished: "test.run",
  TaskCompleted: "task.complete",
  ReviewApproved: "approved",
  ReviewRejected: "rejected",
  ModeChanged: "a person changes the mode",
  SessionFailed: "the session fails"
}

const label = ({ on, when }: PhaseEdge) => when === null ? names[on] : `${names[on]}, ${when}`

// Every working phase has these; drawn once each they would hide the rest.
const drawn = ({ on, when }: PhaseEdge) =>
  on !== "SessionFailed" && on !== "TestRunStarted" && when !== "explore mode" && when !== "debug mode"

/** A Mermaid state diagram of strict mode. */
export const diagram = (phases: Table): string =>
  [
    "stateDiagram-v2",
    "  [*] --> idle",
    ...Object.entries<PhaseRow>(phases).flatMap(([from, row]) =>
      row.edges.filter(drawn).map((edge) => `  ${from} --> ${edge.to}: ${label(edge)}`)
    ),
    "  done --> [*]"
  ].join("\n")

/** A Markdown table of what may be written in each phase. */
export const table = (phases: Table): string =>
  [
    "| phase | writable in strict mode |",
    "| --- | --- |",
    ...Object.entries<PhaseRow>(phases).map(([phase, row]) =>
      `| \`${phase}\` | ${row.writable.length === 0 ? "nothing" : row.writable.join(", ")} |`
    )
  ].join("\n")
