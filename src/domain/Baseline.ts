import { Schema } from "effect"
import { ProjectPath } from "./ProjectPath.ts"

/** How often a test of this file and name passed, failed, could not be loaded (`errors`) and was skipped in one run of all tests. */
export const TestTally = Schema.Struct({
  file: Schema.NullOr(ProjectPath),
  name: Schema.String,
  passed: Schema.Number,
  failed: Schema.Number,
  errors: Schema.Number,
  skipped: Schema.Number
})
export type TestTally = typeof TestTally.Type

/** What the project's tests did before the session. `problem` says why nothing, or only a part, is known. */
export const Baseline = Schema.Struct({
  tests: Schema.Array(TestTally),
  problem: Schema.NullOr(Schema.String)
})
export type Baseline = typeof Baseline.Type
