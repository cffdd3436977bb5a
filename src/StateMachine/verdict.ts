import type { ProjectPath } from "../domain/ProjectPath.ts"
import type { TestCase, TestReport, Verdict } from "../domain/Verdict.ts"
import { type Before, lost, marked } from "./before.ts"
import { testKey } from "./effects.ts"

/** One finished run of a test runner. `ended` is the sandbox's word: anything but "exit" means that a limit killed the run. */
export interface TestRun {
  readonly report: TestReport | null
  readonly exitCode: number
  readonly ended: string
}

/**
 * What a verdict is measured by: the session's own test files, the locks, the SHA-256 of these files now (null: gone), and what the tests
 * did before the session, where that was asked.
 */
export interface VerdictContext {
  readonly written: Readonly<Record<string, string>>
  readonly locked: Readonly<Record<string, string>>
  readonly redTests: ReadonlyArray<string>
  readonly currentHashes: Readonly<Record<string, string | null>>
  readonly before?: Before
}

const maxFailures = 100
const maxMessage = 2_000
const maxNamed = 100
const maxName = 300

const isFailure = (test: TestCase) => test.status === "failed" || test.status === "error"

const get = <A>(record: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

const named = (keys: ReadonlyArray<string>) => keys.slice(0, maxNamed).map((key) => key.slice(0, maxName))

/** Why one run says nothing, or null when its report can be believed. */
export const runProblem = ({ ended, exitCode, report }: TestRun): string | null => {
  if (ended !== "exit") return `the run was stopped by its ${ended} limit`
  if (exitCode === 127) return "the test runner was not found in the sandbox (exit code 127)"
  if (report === null && exitCode > 128) return `the test runner was killed (exit code ${exitCode})`
  if (report === null) return `the test runner left no report (exit code ${exitCode}); its output says why`
  if (report.problem !== undefined) return `the report of the test runner cannot be believed: ${report.problem}`
  if (report.truncated) return `the report of the test runner is cut off or unreadable (exit code ${exitCode})`
  if (report.cases.length === 0) return `no tests were found (exit code ${exitCode})`
  const failed = report.cases.some(isFailure)
  if (failed && exitCode === 0) return "the report has failing tests but the exit code is 0"
  if (!failed && exitCode !== 0) return `the report has no failing test but the exit code is ${exitCode}`
  return null
}

/** Why an otherwise green run is not green, or null. */
const greenProblem = (cases: ReadonlyArray<TestCase>, context: VerdictContext): string | null => {
  const passed = cases.filter((test) => test.status === "passed")
  if (passed.length === 0) return "no test ran: all were skipped"
  for (const [file, hash] of Object.entries(context.locked)) {
    if (get(context.currentHashes, file) !== hash) {
      return `the locked test file ${file} is not what it was when it failed`
    }
    if (!passed.some((test) => test.file === file)) {
      return `no test of the locked test file ${file} passed in this run: it was not run, or only skipped`
    }
  }
  const passedKeys = new Set(passed.map(testKey))
  const otherKeys = new Set(cases.filter((test) => test.status !== "passed").map(testKey))
  const missing = context.redTests.find((key) => !passedKeys.has(key) || otherKeys.has(key))
  if (missing !== undefined) return `the test that was red did not pass in this run: ${missing.slice(0, 200)}`
  const [vanished, ...others] = lost(cases, context.before).vanished
  return vanished === undefined
    ? null
    : `a test that passed before this session did not run or was skipped, and its file is not of this session: ${
      vanished.slice(0, 200)
    }${others.length === 0 ? "" : ` (and ${others.length} more)`}`
}

/** One failure of each file first, so that capping the list loses no file. */
const capped = (failures: ReadonlyArray<TestCase>): ReadonlyArray<TestCase> => {
  const seen = new Set<ProjectPath | null>()
  const [first, rest] = [[] as Array<TestCase>, [] as Array<TestCase>]
  for (const test of failures) {
    const list = seen.has(test.file) ? rest : first
    seen.add(test.file)
    list.push(test.message === undefined ? test : { ...test, message: test.message.slice(0, maxMessage) })
  }
  return [...first, ...rest].slice(0, maxFailures)
}

const elsewhere = (fresh: ReadonlyArray<TestCase>, before: Before | undefined) =>
  before === undefined || before.baseline.problem !== null
    ? "the failing tests are in files this session did not write: they were failing before, or a change broke them"
    : `a failing test is in a file this session did not write, and did not fail before it: ${
      testKey(fresh[0]!).slice(0, 200)
    }`

const redReason = (
  failures: ReadonlyArray<TestCase>,
  context: VerdictContext
): readonly [red: ReadonlyArray<TestCase>, reason: string] => {
  const own = failures.filter((test) => test.file !== null && get(context.written, test.file) !== undefined)
  if (own.length === 0) return [[], elsewhere(failures, context.before)]
  const changed = own.find((test) => get(context.currentHashes, test.file!) !== get(context.written, test.file!))
  return changed === undefined
    ? [own, `${own.length} failing in test files of this session`]
    : [[], `the test file ${changed.file} changed while the tests ran`]
}

/** The verdict of the design over one or more runners: red or green only when every run can be believed. */
export const judgeAll = (runs: ReadonlyArray<TestRun>, context: VerdictContext): Verdict => {
  const cases = runs.flatMap((run) => run.report?.cases ?? [])
  const { before } = context
  const failures = marked(cases.filter(isFailure), before)
  const old = failures.filter((test) => test.before === true)
  const fresh = failures.filter((test) => test.before !== true)
  const say = (verdict: Verdict["verdict"], reason: string, more: Partial<Verdict> = {}): Verdict => ({
    verdict,
    reason,
    passed: cases.filter((test) => test.status === "passed").length,
    failed: failures.length,
    skipped: cases.filter((test) => test.status === "skipped").length,
    files: [...new Set(cases.flatMap((test) => test.file === null ? [] : [test.file]))],
    failures: capped([...fresh, ...old]),
    ...(old.length === 0 ? {} : { failedBefore: named(old.map(testKey)) }),
    ...(before === undefined || before.baseline.problem === null ? {} : { baseline: before.baseline.problem }),
    ...more
  })
  if (runs.length === 0) return say("none", "no test runner was run")
  const problem = runs.map(runProblem).find((problem) => problem !== null)
  if (problem !== undefined) return say("none", problem)
  if (fresh.length > 0) {
    const [red, reason] = redReason(fresh, context)
    return red.length > 0 ? say("red", reason, { red: named(red.map(testKey)) }) : say("none", reason)
  }
  const why = greenProblem(cases, context)
  if (why !== null) return say("none", why)
  const { removed } = lost(cases, before)
  const said = [
    "all tests that ran passed",
    ...(old.length === 0 ? [] : [` but ${old.length} that failed before this session`]),
    ...(removed.length === 0 ? [] : [`; ${removed.length} that passed before do not run any more`])
  ]
  return say(
    "green",
    said.join(""),
    removed.length === 0 ? {} : { removed: named(removed) }
  )
}

/** `judgeAll` of a single run. */
export const judge = ({ ended, exitCode, report, ...context }: TestRun & VerdictContext): Verdict =>
  judgeAll([{ ended, exitCode, report }], context)
