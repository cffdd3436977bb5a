import { Schema } from "effect"
import { ProjectPath } from "./ProjectPath.ts"

/** One test of a run. `file` is null where the runner does not say; `error` is a failure to load, collect or import. */
export const TestCase = Schema.Struct({
  file: Schema.NullOr(ProjectPath),
  name: Schema.String,
  status: Schema.Literal("passed", "failed", "error", "skipped"),
  message: Schema.optional(Schema.String)
})
export type TestCase = typeof TestCase.Type

/**
 * A runner's machine-readable report, read by the kernel outside the sandbox. `truncated`: it did not end properly or cannot be believed;
 * `problem` says why where that is known.
 */
export const TestReport = Schema.Struct({
  runner: Schema.String,
  cases: Schema.Array(TestCase),
  truncated: Schema.Boolean,
  problem: Schema.optional(Schema.String)
})
export type TestReport = typeof TestReport.Type

/**
 * What a test run showed. `reason` explains a verdict of none, or why red or green. `files` are the test files that ran; `partial` is
 * set when only tests that match a pattern were run.
 */
export const Verdict = Schema.Struct({
  verdict: Schema.Literal("red", "green", "none"),
  reason: Schema.String,
  passed: Schema.Number,
  failed: Schema.Number,
  skipped: Schema.Number,
  files: Schema.Array(ProjectPath),
  failures: Schema.Array(TestCase),
  partial: Schema.optional(Schema.Boolean)
})
export type Verdict = typeof Verdict.Type
