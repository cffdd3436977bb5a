import { Schema } from "effect"
import { ProjectPath } from "./ProjectPath.ts"

/** What one path is: kind of entry, permission bits that count (the owner's execute bit), SHA-256 of content or link target in hex. */
export const Content = Schema.Struct({
  kind: Schema.Literal("file", "directory", "symlink"),
  executable: Schema.Boolean,
  size: Schema.Number,
  sha256: Schema.String
})
export type Content = typeof Content.Type

/** One path that differs between two states of the project; `from` is set on a rename only. */
export const Change = Schema.Struct({
  kind: Schema.Literal("create", "modify", "delete", "rename", "mode"),
  path: ProjectPath,
  from: Schema.optional(ProjectPath),
  before: Schema.NullOr(Content),
  after: Schema.NullOr(Content)
})
export type Change = typeof Change.Type

/** A path that may never be taken into a session, and why. `path` is escaped for display. */
export const Forbidden = Schema.Struct({ path: Schema.String, why: Schema.String })
export type Forbidden = typeof Forbidden.Type

/**
 * What one sandboxed call did to the stage. `changes` are judged by phase and policy, `ignored` are new or changed paths
 * that git ignores (kept for the session, never merged), `forbidden` make the whole set unacceptable.
 */
export const ChangeSet = Schema.Struct({
  changes: Schema.Array(Change),
  ignored: Schema.Array(ProjectPath),
  forbidden: Schema.Array(Forbidden)
})
export type ChangeSet = typeof ChangeSet.Type

export const isEmpty = (set: ChangeSet): boolean =>
  set.changes.length === 0 && set.ignored.length === 0 && set.forbidden.length === 0

/** Every project path a change touches: a rename touches two. */
export const paths = (change: Change): ReadonlyArray<ProjectPath> =>
  change.from === undefined ? [change.path] : [change.from, change.path]

const signs = { create: "A", modify: "M", delete: "D", rename: "R", mode: "m" } as const

/** One line for a person or the model: `M src/a.ts`, `R old -> new`. */
export const describe = (change: Change): string =>
  `${signs[change.kind]} ${change.from === undefined ? "" : `${change.from} -> `}${change.path}`
