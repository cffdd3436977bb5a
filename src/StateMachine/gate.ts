import { Option } from "effect"
import { type Change, paths } from "../domain/Change.ts"
import type { ProjectPath } from "../domain/ProjectPath.ts"
import type { ToolName } from "../domain/ToolCall.ts"
import type { Classify, PathClass } from "./classify.ts"
import { phaseInForce, phaseTable } from "./phaseTable.ts"
import type { SessionState } from "./SessionState.ts"

/** Why the phase says no, and what is possible now, in words a model can act on. */
export interface Refusal {
  readonly reason: string
  readonly possible: string
}

const explorePossible = "Now you can read and search files; answer and complete the task."

const possibleNow = (state: SessionState): string =>
  state.mode === "explore" && phaseTable[state.phase].working
    ? explorePossible
    : phaseTable[state.phase].possible

/** A refusal with what is possible in the state's phase. */
export const refuse = (state: SessionState, reason: string): Refusal => ({ reason, possible: possibleNow(state) })

const describeClass: Record<PathClass, string> = {
  test: "a test file",
  exempt: "an exempt file",
  source: "a source file",
  secret: "a secret file"
}

/** An empty directory coming, going or changing its mode is no test and no source; what lies in it is judged file by file. */
const isDirectoryOnly = (change: Change): boolean =>
  change.kind !== "rename" && (change.before?.kind ?? "directory") === "directory" &&
  (change.after?.kind ?? "directory") === "directory" && (change.before !== null || change.after !== null)

/** The classes of the paths a change set touches, directories aside. */
export const changedClasses = (changes: ReadonlyArray<Change>, classify: Classify): ReadonlySet<PathClass> =>
  new Set(changes.filter((change) => !isDirectoryOnly(change)).flatMap(paths).map(classify))

const pathRefusal = (state: SessionState, change: Change, path: ProjectPath, classify: Classify): string | null => {
  const phase = phaseInForce(state)
  const kind = classify(path)
  if (kind === "secret") return `${path} is a secret file, which is not written in any phase`
  if (Object.hasOwn(state.locked, path) && (phase === "coding" || phase === "refactoring")) {
    return `${path} is locked: it is the test this work is measured by`
  }
  if (!phaseTable[phase].writable.includes(kind)) {
    return `${path} is ${describeClass[kind]}, which is not written in phase ${phase}`
  }
  return kind === "test" && (change.after?.kind === "symlink")
    ? `${path} is a test file and would become a link, whose content cannot be locked`
    : null
}

/**
 * The writable-path gate over a whole change set: the first path it refuses, or a set that changes tests and sources at once in `green`.
 * Debug mode lifts it in every phase where work goes on; in explore mode nothing is writable.
 */
export const permitsAll = (
  state: SessionState,
  changes: ReadonlyArray<Change>,
  classify: Classify
): Option.Option<Refusal> => {
  if (changes.length === 0) return Option.none()
  const phase = phaseInForce(state)
  if (!phaseTable[phase].working) return Option.some(refuse(state, `nothing is written in phase ${phase}`))
  if (state.mode === "explore") return Option.some(refuse(state, "nothing is written in explore mode"))
  if (state.mode === "debug") return Option.none()
  for (const change of changes) {
    if (isDirectoryOnly(change)) continue
    for (const path of paths(change)) {
      const reason = pathRefusal(state, change, path, classify)
      if (reason !== null) return Option.some(refuse(state, reason))
    }
  }
  const classes = changedClasses(changes, classify)
  return classes.has("test") && classes.has("source")
    ? Option.some(refuse(state, "test files and source files were changed in one step"))
    : Option.none()
}

/** The same for one change: a rename counts for both paths, a deletion as writing. */
export const permits = (state: SessionState, change: Change, classify: Classify): Option.Option<Refusal> =>
  permitsAll(state, [change], classify)

/** Why `task.complete` is not possible now, or null. */
export const completionRefusal = (state: SessionState): string | null => {
  if (!phaseTable[state.phase].working) return `a task is not completed in phase ${state.phase}`
  if (state.mode !== "strict") return null
  if (state.phase === "green") {
    return state.verdict?.stale === true
      ? "files were changed since the tests were green, so run them again first"
      : null
  }
  if (state.phase !== "planning") return "the task is complete when a test run of this phase ended green"
  return state.touchedSource || Object.keys(state.written).length > 0
    ? "tests or sources were changed, so the task is complete when a test run ended green"
    : null
}

const reading: ReadonlySet<ToolName> = new Set(["fs.read", "fs.list", "fs.exists", "search.grep", "search.glob"])

/** Whether a tool makes sense in the phase: reading always, the rest only while work goes on. */
export const canCall = (state: SessionState, tool: ToolName): Option.Option<Refusal> => {
  if (reading.has(tool)) return Option.none()
  const reason = tool === "task.complete"
    ? completionRefusal(state)
    : !phaseTable[state.phase].working
    ? `${tool} is not used in phase ${state.phase}`
    : state.mode === "explore" && (tool === "fs.write" || tool === "fs.edit" || tool === "deps.install")
    ? `${tool} is not used in explore mode`
    : null
  return Option.map(Option.fromNullable(reason), (reason) => refuse(state, reason))
}
