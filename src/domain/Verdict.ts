import { Schema } from "effect"
import { ProjectPath } from "./ProjectPath.ts"

/**
 * One test of a run. `file` is null where the runner does not say; `error` is a failure to load, collect or import. `before` is set on a
 * failure that the session found there.
 */
export const TestCase = Schema.Struct({
  file: Schema.NullOr(ProjectPath),
  name: Schema.String,
  status: Schema.Literal("passed", "failed", "error", "skipped"),
  message: Schema.optional(Schema.String),
  before: Schema.optional(Schema.Boolean)
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
 * set when only tests that match a pattern were run, `stale` when files changed since. Tests by file and name: `red` made it red,
 * `failedBefore` failed and did so before the session, `removed` passed before it in files that it changed and do not run any more.
 * `unmerged` are files that git ignores, made by the session, without which it is not green. `baseline` says why what was before is not
 * known, or only in part.
 */
export const Verdict = Schema.Struct({
  verdict: Schema.Literal("red", "green", "none"),
  reason: Schema.String,
  passed: Schema.Number,
  failed: Schema.Number,
  skipped: Schema.Number,
  files: Schema.Array(ProjectPath),
  failures: Schema.Array(TestCase),
  partial: Schema.optional(Schema.Boolean),
  stale: Schema.optional(Schema.Boolean),
  red: Schema.optional(Schema.Array(Schema.String)),
  failedBefore: Schema.optional(Schema.Array(Schema.String)),
  removed: Schema.optional(Schema.Array(Schema.String)),
  unmerged: Schema.optional(Schema.Array(ProjectPath)),
  baseline: Schema.optional(Schema.String)
})
export type Verdict = typeof Verdict.Type
