import type { Phase } from "../domain/Phase.ts"
import type { PathClass } from "./classify.ts"
import type { StateEvent } from "./SessionState.ts"

/** What must hold of the session or the event for an edge to be taken; null always holds. */
export type Fact =
  | "a test file changed"
  | "a source file changed"
  | "red"
  | "green"
  | "only exempt files changed"
  | "no test was involved"
  | "no test was red yet"
  | "explore mode"
  | "debug mode"

/** One way out of a phase: the event, what must hold, and the next phase. The first edge that holds is taken. */
export interface PhaseEdge {
  readonly on: StateEvent["_tag"]
  readonly when: Fact | null
  readonly to: Phase
}

/** A phase: what may be written in it (strict mode), the ways out, whether work goes on in it, and what a model is told it can do. */
export interface PhaseRow {
  readonly writable: ReadonlyArray<PathClass>
  readonly working: boolean
  readonly edges: ReadonlyArray<PhaseEdge>
  readonly possible: string
}

const edge = (on: StateEvent["_tag"], when: Fact | null, to: Phase): PhaseEdge => ({ on, when, to })

const fails = edge("SessionFailed", null, "failed")

/** A working phase: a test run passes through `test_running` and comes back by the `TestRunFinished` edges of this row. */
const working = (
  writable: ReadonlyArray<PathClass>,
  possible: string,
  edges: ReadonlyArray<PhaseEdge>
): PhaseRow => ({
  writable,
  working: true,
  possible,
  edges: [
    edge("TestRunStarted", null, "test_running"),
    edge("TaskCompleted", "explore mode", "done"),
    ...edges,
    edge("TaskCompleted", "debug mode", "reviewing"),
    fails
  ]
})

const still = (possible: string, edges: ReadonlyArray<PhaseEdge>): PhaseRow => ({
  writable: [],
  working: false,
  possible,
  edges
})

/** The phases of a session, as data: `transition` and `permits` read it, and the diagram of the documentation is made from it. */
export const phaseTable: Readonly<Record<Phase, PhaseRow>> = {
  idle: still("Nothing can be done before a task is submitted.", [edge("TaskSubmitted", null, "planning"), fails]),
  planning: working(
    ["test", "exempt"],
    "Now you can read, and write test files and exempt files (documentation, configuration). Write a test for the task and run " +
      "the tests: source files can be changed once that test fails.",
    [
      edge("ChangesAccepted", "a test file changed", "test_writing"),
      edge("TaskCompleted", "only exempt files changed", "reviewing")
    ]
  ),
  test_writing: working(
    ["test", "exempt"],
    "Now you can read, write test files and exempt files, and run the tests. Source files can be changed once a test file of " +
      "yours fails in a run.",
    [edge("TestRunFinished", "red", "coding")]
  ),
  test_running: still("A test run is under way; wait for its verdict.", [fails]),
  coding: working(
    ["source", "exempt"],
    "Now you can read, write source files and exempt files, and run the tests. Test files are locked until the tests pass.",
    [edge("TestRunFinished", "green", "green")]
  ),
  green: working(
    ["test", "source", "exempt"],
    "Now you can complete the task, change a test file (starts the next cycle), change source files (refactoring), or run the " +
      "tests. Tests and sources change in separate steps.",
    [
      edge("ChangesAccepted", "a test file changed", "test_writing"),
      edge("ChangesAccepted", "a source file changed", "refactoring"),
      edge("TestRunFinished", "red", "coding"),
      edge("TaskCompleted", null, "reviewing")
    ]
  ),
  refactoring: working(
    ["source", "exempt"],
    "Now you can read, write source files and exempt files, and run the tests; when they pass the task can be completed. Test " +
      "files are locked until then.",
    [edge("TestRunFinished", "green", "green")]
  ),
  reviewing: still("The changes are under review; files can only be read until it is decided.", [
    edge("ReviewApproved", null, "done"),
    edge("ReviewRejected", "no test was involved", "planning"),
    edge("ReviewRejected", "no test was red yet", "test_writing"),
    edge("ReviewRejected", null, "coding"),
    fails
  ]),
  done: still("The session is over; files can only be read.", []),
  failed: still("The session has failed; files can only be read.", [])
}

/** The phase whose row holds now: during a test run, the one it started from. */
export const phaseInForce = (state: { readonly phase: Phase; readonly resume: Phase | null }): Phase =>
  state.phase === "test_running" ? state.resume ?? "idle" : state.phase
