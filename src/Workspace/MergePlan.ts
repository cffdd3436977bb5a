import { Schema } from "effect"
import { SessionId } from "../domain/SessionId.ts"
import { refusePath } from "./names.ts"

// A journal lies in the project's reach, so that one that was planted there may name no path a session could not.
const Path = Schema.String.pipe(Schema.filter((path) => refusePath(path) ?? true))

const Bits = Schema.Int.pipe(Schema.between(0, 0o777))

/** One side of an operation: content by hash, where its bytes start in the journal's content file, and how the entry is kept. */
export const Side = Schema.Struct({
  kind: Schema.Literal("file", "symlink"),
  executable: Schema.Boolean,
  size: Schema.NonNegativeInt,
  sha256: Schema.String,
  mode: Bits,
  uid: Schema.NonNegativeInt,
  gid: Schema.NonNegativeInt,
  at: Schema.NonNegativeInt
})
export type Side = typeof Side.Type

/** One path of the project before and after the merge; null is nothing there. */
export const Operation = Schema.Struct({ path: Path, before: Schema.NullOr(Side), after: Schema.NullOr(Side) })
export type Operation = typeof Operation.Type

/** A directory that comes or goes. */
export const Directory = Schema.Struct({
  path: Path,
  mode: Bits,
  uid: Schema.NonNegativeInt,
  gid: Schema.NonNegativeInt
})
export type Directory = typeof Directory.Type

/** All a merge does to a project, enough to finish it or to undo it. `made` and `emptied` are directories, the outermost first. */
export const MergePlan = Schema.Struct({
  version: Schema.Literal(1),
  project: Schema.String,
  session: SessionId,
  operations: Schema.Array(Operation),
  made: Schema.Array(Directory),
  emptied: Schema.Array(Directory)
})
export type MergePlan = typeof MergePlan.Type

export const decode = Schema.decodeUnknownEither(Schema.parseJson(MergePlan))
