import { Struct } from "effect"
import { type Change, paths } from "../domain/Change.ts"
import type { Phase } from "../domain/Phase.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import type { TestCase, Verdict } from "../domain/Verdict.ts"
import type { Classify } from "./classify.ts"
import { changedClasses } from "./gate.ts"
import type { SessionState } from "./SessionState.ts"

type Hashes = SessionState["written"]

/** A name for a test that two files cannot share. */
export const testKey = (test: Pick<TestCase, "file" | "name">): string => `${test.file ?? "?"} > ${test.name}`

/** This session's test files that failed in a red run: what `coding` is entered by. */
export const newlyRed = (state: SessionState, verdict: Verdict): ReadonlyArray<ProjectPath> =>
  verdict.verdict !== "red" ? [] : [
    ...new Set(
      verdict.failures.flatMap((test) =>
        test.before !== true && test.file !== null && Object.hasOwn(state.written, test.file) &&
          (test.status === "failed" || test.status === "error")
          ? [test.file]
          : []
      )
    )
  ]

const pick = (hashes: Hashes, files: ReadonlyArray<ProjectPath>): Hashes =>
  Object.fromEntries(files.flatMap((file) => Object.hasOwn(hashes, file) ? [[file, hashes[file] as string]] : []))

const isIn = (key: string, files: ReadonlySet<string>) => [...files].some((file) => key.startsWith(`${file} > `))

const updated = (hashes: Hashes, change: Change, classify: Classify): Hashes => {
  const next = new Map(Object.entries(hashes))
  for (const path of paths(change)) next.delete(path)
  if (change.after?.kind === "file" && classify(change.path) === "test") next.set(change.path, change.after.sha256)
  return Object.fromEntries([...next].map(([path, hash]) => [ProjectPath.make(path), hash]))
}

const stale = ({ verdict }: SessionState): SessionState["verdict"] =>
  verdict === null ? null : { ...verdict, stale: true }

/**
 * Keeps the hashes of this session's tests, and that the last verdict was of other files; a new cycle releases the locks, and debug mode
 * re-locks what a human let change.
 */
export const afterChanges = (
  before: SessionState,
  changes: ReadonlyArray<Change>,
  to: Phase | null,
  classify: Classify
): SessionState => {
  if (changes.length === 0) return before
  const state = { ...before, verdict: stale(before) }
  const classes = changedClasses(changes, classify)
  const written = changes.reduce((hashes, change) => updated(hashes, change, classify), state.written)
  const touchedSource = state.touchedSource || classes.has("source")
  if (to === "test_writing") return { ...state, written, touchedSource, locked: {}, redTests: [], reds: 0 }
  const touched = new Set(changes.flatMap(paths).filter((path) => Object.hasOwn(state.locked, path)))
  if (touched.size === 0) return { ...state, written, touchedSource }
  const kept = Object.keys(state.locked).map((path) => ProjectPath.make(path)).filter((path) => !touched.has(path))
  const locked = { ...pick(state.locked, kept), ...pick(written, [...touched]) }
  return { ...state, written, touchedSource, locked, redTests: state.redTests.filter((key) => !isIn(key, touched)) }
}

/** Records the verdict; a red run that opens `coding` locks the tests that failed, a red run while coding is counted. */
export const afterRun = (state: SessionState, from: Phase, to: Phase | null, verdict: Verdict): SessionState => {
  const seen = { ...state, verdict }
  if (to === "coding") {
    const files = newlyRed(state, verdict)
    const keys = verdict.failures
      .filter((test) =>
        test.before !== true && test.status === "failed" && test.file !== null && files.includes(test.file)
      )
      .map(testKey)
    return {
      ...seen,
      locked: { ...state.locked, ...pick(state.written, files) },
      redTests: [...new Set([...state.redTests, ...keys])],
      reds: 0
    }
  }
  if (to === "green") return { ...seen, reds: 0 }
  return verdict.verdict === "red" && (from === "coding" || from === "refactoring")
    ? { ...seen, reds: state.reds + 1 }
    : seen
}

/** Remembers where a rejected review goes back to: work that no red run preceded may not come back to `coding`. */
export const afterCompletion = (
  state: SessionState,
  to: Phase,
  necessity: SessionState["necessity"]
): SessionState => ({
  ...Struct.omit(state, "necessity"),
  ...(necessity === undefined ? {} : { necessity }),
  phase: to,
  resume: to !== "reviewing"
    ? null
    : state.phase === "planning" || state.phase === "test_writing"
    ? state.phase
    : "coding"
})
