import type { Baseline, TestTally } from "../domain/Baseline.ts"
import type { TestCase } from "../domain/Verdict.ts"
import { testKey } from "./effects.ts"

/**
 * What a run is compared with. `touched` are all paths the session changed, `moved` its renames that left the content as it was (old
 * path -> new), `covers` the test files that this run was to run in full; null: all there are.
 */
export interface Before {
  readonly baseline: Baseline
  readonly touched: ReadonlyArray<string>
  readonly moved: Readonly<Record<string, string>>
  readonly covers: ReadonlyArray<string> | null
}

const blank = { passed: 0, failed: 0, errors: 0, skipped: 0 }

const counters = { passed: "passed", failed: "failed", error: "errors", skipped: "skipped" } as const

/** Counts tests by file and name: namesakes, as parametrised tests can be, are one entry. */
export const tally = (cases: ReadonlyArray<TestCase>): ReadonlyArray<TestTally> => {
  const found = new Map<string, TestTally>()
  for (const test of cases) {
    const key = testKey(test)
    const was = found.get(key) ?? { file: test.file, name: test.name, ...blank }
    const counter = counters[test.status]
    found.set(key, { ...was, [counter]: was[counter] + 1 })
  }
  return [...found.values()]
}

const get = <A>(record: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

const keyNow = ({ moved }: Before, { file, name }: TestTally): string =>
  `${file === null ? "?" : get(moved, file) ?? file} > ${name}`

/** Whether a test may fail all the same: as often as its namesakes did before, or in an untouched file that did not load then. */
const excuses = (before: Before): (test: TestCase) => boolean => {
  const touched = new Set(before.touched)
  const { tests } = before.baseline
  const left = new Map(tests.map((test) => [keyNow(before, test), test.failed + test.errors]))
  const unloaded = new Set(
    tests.flatMap(({ errors, file }) => errors > 0 && file !== null && !touched.has(file) ? [file] : [])
  )
  return (test) => {
    const key = testKey(test)
    const count = left.get(key) ?? 0
    if (count > 0) left.set(key, count - 1)
    return count > 0 || (test.file !== null && unloaded.has(test.file))
  }
}

/** Marks the failures that the session found there: tests that failed before it, by file and name. */
export const marked = (failures: ReadonlyArray<TestCase>, before: Before | undefined): ReadonlyArray<TestCase> => {
  if (before === undefined) return failures
  const isExcused = excuses(before)
  return failures.map((test) => isExcused(test) ? { ...test, before: true } : test)
}

/** Tests that passed before and did not now. `removed`: in files the session changed, `vanished`: in others, or of no known file. */
export const lost = (
  cases: ReadonlyArray<TestCase>,
  before: Before | undefined
): { readonly removed: ReadonlyArray<string>; readonly vanished: ReadonlyArray<string> } => {
  const removed: Array<string> = []
  const vanished: Array<string> = []
  if (before === undefined) return { removed, vanished }
  const touched = new Set(before.touched)
  const covered = before.covers === null ? undefined : new Set(before.covers)
  const now = new Map(tally(cases).map((test) => [testKey(test), test]))
  for (const test of before.baseline.tests) {
    const key = keyNow(before, test)
    const { passed, skipped } = now.get(key) ?? blank
    if (passed >= test.passed) continue
    const file = test.file === null ? undefined : get(before.moved, test.file) ?? test.file
    if (covered !== undefined && (file === undefined || !covered.has(file))) continue
    const isTouched = test.file !== null && (touched.has(test.file) || touched.has(file ?? test.file))
    const list = isTouched ? removed : vanished
    list.push(skipped > test.skipped ? `${key} (skipped)` : key)
  }
  return { removed, vanished }
}
