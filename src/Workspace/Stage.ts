import type { Effect, Option } from "effect"
import type { Change, ChangeSet, Content } from "../domain/Change.ts"
import type { ProjectPath } from "../domain/ProjectPath.ts"
import type { SessionId } from "../domain/SessionId.ts"
import type { MergeReport } from "./MergeReport.ts"
import type { MergeConflict, PathRefused, WorkspaceFailed } from "./WorkspaceError.ts"

/** A host directory or file shown to a command, or several as one: what is written there goes to `upper`. */
export type StageMount =
  | { readonly source: string; readonly target: string; readonly mode: "ro" | "rw" }
  | {
    readonly mode: "overlay"
    readonly target: string
    readonly lower: ReadonlyArray<string>
    readonly upper: string
    readonly work: string
  }

/**
 * `project` is absolute. `secrets` are gitignore patterns of tracked files shown empty. `maxFileBytes` bounds a file of a change set.
 * `trial` runs a shell script over mounts, in the project, and says why that was not possible, if so; without it no stage is an overlay.
 */
export interface StageOptions {
  readonly project: string
  readonly session: SessionId
  readonly secrets: ReadonlyArray<string>
  readonly maxFileBytes: number
  readonly trial?: (
    script: string,
    mounts: ReadonlyArray<StageMount>,
    user: Stage["user"]
  ) => Effect.Effect<string | undefined>
}

/** One entry of a directory listing. */
export interface Entry {
  readonly path: ProjectPath
  readonly kind: Content["kind"]
  readonly size: number
  readonly ignored: boolean
}

/** A file's content or where a symlink points; `size` may be more than the bytes that were asked for. */
export interface StagedFile {
  readonly kind: "file" | "symlink"
  readonly executable: boolean
  readonly size: number
  readonly bytes: Uint8Array
}

/** One path to try out: what shall be there, or null for nothing. */
export interface Edit {
  readonly path: ProjectPath
  readonly content: Pick<StagedFile, "kind" | "executable" | "bytes"> | null
}

/** A host directory to search; what is found below `strange` directories never counts. */
export interface SearchTree {
  readonly root: string
  readonly strange: ReadonlyArray<string>
  readonly shows: (path: string) => boolean
}

/** A state of the stage that can be tried out whole. */
export type Tried = "start" | "merged"

/** A session's private copy of the project: what is accepted stays, what is rejected is restored. */
export interface Stage {
  readonly project: string
  /** A copy of the project, or an overlay over it. */
  readonly form: "copy" | "overlay"
  /** A directory of the host, absolute, in which all that a session writes lies. */
  readonly root: string
  /** Files staged at the start, and where ("memory" or "disk"). */
  readonly files: number
  readonly medium: "memory" | "disk"
  /** Who owns the stage and runs commands over it. */
  readonly user: { readonly uid: number; readonly gid: number }
  /**
   * The stage, to be written, at the project's own path; `.git` and dependency trees read-only over it. Good for one command: an overlay
   * hides what came to be in the project meanwhile.
   */
  readonly mounts: Effect.Effect<ReadonlyArray<StageMount>, WorkspaceFailed>
  /**
   * Shows a host directory read-only in the place of a dependency tree, from the next command on and until the stage is closed or the
   * directory gone. Says why not where the place is no directory's to be, or holds something of the stage.
   */
  readonly showTree: (path: ProjectPath, source: string) => Effect.Effect<string | undefined, WorkspaceFailed>
  /** Where on the host a staged file lies; undefined for what is none. */
  readonly locate: (path: ProjectPath) => string | undefined
  /** The host directories whose files together are the stage, for a search; a file that is found counts where `shows` says so. */
  readonly trees: ReadonlyArray<SearchTree>
  /** A file's bytes, at most `maxBytes` from `offset`; no symlink of the path is followed out of the project. Dependency trees can be read. */
  readonly read: (
    path: ProjectPath,
    options?: { readonly offset?: number; readonly maxBytes?: number }
  ) => Effect.Effect<{ readonly bytes: Uint8Array; readonly size: number }, PathRefused | WorkspaceFailed>
  readonly list: (
    path: ProjectPath,
    options: { readonly recursive: boolean; readonly limit: number }
  ) => Effect.Effect<{ readonly entries: ReadonlyArray<Entry>; readonly cut: boolean }, PathRefused | WorkspaceFailed>
  readonly stat: (path: ProjectPath) => Effect.Effect<Option.Option<Entry>, PathRefused | WorkspaceFailed>
  /** A path as it was at the session's start, at most `maxBytes` of it; none for what was not there, and for a secret. */
  readonly base: (
    path: ProjectPath,
    options?: { readonly maxBytes?: number }
  ) => Effect.Effect<Option.Option<StagedFile>, WorkspaceFailed>
  /**
   * Names the state at the session's start by its content and that of the dependency trees (in hex); none where telling would cost too
   * much.
   */
  readonly fingerprint: Effect.Effect<Option.Option<string>, WorkspaceFailed>
  /** The files that git ignores and the session made: kept for its later commands, never merged. */
  readonly leavings: Effect.Effect<ReadonlyArray<ProjectPath>, WorkspaceFailed>
  /**
   * Writes edits into the stage without accepting them, or takes all of it to the session's start ("start"), or to what a merge would
   * leave ("merged"): in both the session's `leavings` are gone. Reading shows it until the next `scan` and `reject`, which restore the accepted state exactly. Call only
   * when every process of the stage is dead. A secret, or what may never be taken, is refused; nothing else may be pending.
   */
  readonly tryOut: (edits: ReadonlyArray<Edit> | Tried) => Effect.Effect<void, WorkspaceFailed>
  /** What differs from the last accepted state. Call only when every process of the stage is dead. */
  readonly scan: Effect.Effect<ChangeSet, WorkspaceFailed>
  /** Makes a scanned change set the new accepted state. */
  readonly accept: (set: ChangeSet) => Effect.Effect<void, WorkspaceFailed>
  /** Restores every path of a scanned change set, forbidden ones included, to the last accepted state. */
  readonly reject: (set: ChangeSet) => Effect.Effect<void, WorkspaceFailed>
  /** All accepted changes of the session against the project as it was at the start. */
  readonly changes: Effect.Effect<ReadonlyArray<Change>, WorkspaceFailed>
  /** The same as a unified diff (git's form), and how many lines it adds and removes. */
  readonly diff: Effect.Effect<{ readonly patch: string; readonly lines: number }, WorkspaceFailed>
  /** Writes the session's diff to a file of the state directory (`patches/<session>.patch`) and says where, absolute. */
  readonly keepPatch: Effect.Effect<string, WorkspaceFailed>
  /** Writes the session's changes into the project through a journal; all or nothing. A conflict writes nothing and keeps the patch. */
  readonly merge: Effect.Effect<MergeReport, MergeConflict | WorkspaceFailed>
}
