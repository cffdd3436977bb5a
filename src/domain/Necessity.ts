import { Schema } from "effect"

/** A piece of a change: `lines` of the file as it is now (`3-9`), or what happened to the whole of it; lines it added and removed. */
export const Hunk = Schema.Struct({
  path: Schema.String,
  lines: Schema.String,
  added: Schema.Number,
  removed: Schema.Number
})
export type Hunk = typeof Hunk.Type

/**
 * What came of taking source hunks back one by one: all tests still passed without the `undemanded`, `unchecked` counts those that no
 * verdict was reached of, for time or number.
 */
export const Necessity = Schema.Struct({
  checked: Schema.Number,
  unchecked: Schema.Number,
  undemanded: Schema.Array(Hunk)
})
export type Necessity = typeof Necessity.Type

/** One line for a person or the model: `src/a.ts:3-9 (+4 -1)`. */
export const describeHunk = ({ added, lines, path, removed }: Hunk): string =>
  `${path}:${lines} (+${added} -${removed})`
