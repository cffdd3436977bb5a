import { Schema } from "effect"
import { ProjectPath } from "../domain/ProjectPath.ts"

/** The path leaves the project, does not exist, or is not of the kind asked for. */
export class PathRefused extends Schema.TaggedError<PathRefused>()("PathRefused", {
  path: Schema.String,
  reason: Schema.Literal("not found", "is a directory", "not a directory", "leaves the project", "special file")
}) {
  override get message() {
    return `Cannot use ${this.path}: ${this.reason}`
  }
}

/** Files changed in the project since the session began; nothing was written. `patch` is where the session's diff was kept. */
export class MergeConflict extends Schema.TaggedError<MergeConflict>()("MergeConflict", {
  paths: Schema.Array(ProjectPath),
  patch: Schema.String
}) {
  override get message() {
    return `Cannot merge: changed in the project meanwhile: ${
      this.paths.join(", ")
    }. The session's diff is kept in ${this.patch}; take what you want of it by hand, or give the task again`
  }
}

/** The stage or the project could not be read or written. */
export class WorkspaceFailed extends Schema.TaggedError<WorkspaceFailed>()("WorkspaceFailed", {
  method: Schema.String,
  reason: Schema.Literal("read", "write", "too large", "no space", "journal", "not a directory"),
  detail: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `Workspace failed to ${this.method} (${this.reason}): ${this.detail}`
  }
}
