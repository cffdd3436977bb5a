import { Effect, Schedule } from "effect"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { MergeConflict, type Stage, type StageOptions, WorkspaceFailed } from "../Workspace.ts"
import { attempt } from "./attempt.ts"
import type { Blobs } from "./Blobs.ts"
import * as Journal from "./Journal.ts"
import { type Difference, toChanges } from "./Manifest.ts"
import { merge } from "./merge.ts"
import * as Patch from "./patch.ts"

/** A stage's changes and their contents. `wanted` are the same against what the project may hold; `merged` is called when it holds them. */
export interface FinishingOptions {
  readonly stage: StageOptions
  readonly journals: string
  readonly blobs: Blobs
  readonly isSecret: (path: string) => boolean
  readonly between: () => ReadonlyArray<Difference>
  readonly wanted: () => ReadonlyArray<Difference>
  readonly merged: () => void
}

const lockWait = Schedule.spaced("50 millis").pipe(Schedule.intersect(Schedule.recurs(200)))

const busy = new WorkspaceFailed({
  method: "merge",
  reason: "journal",
  detail: "another session is merging into this project"
})

/** What every stage on a disk does with its changes: tell them, keep them as a patch, merge them. */
export const finishing = (options: FinishingOptions): Pick<Stage, "changes" | "diff" | "keepPatch" | "merge"> => {
  const { between, blobs, journals, stage } = options
  const diff = () => Patch.make(toChanges(between()), (content) => blobs.read(content.sha256))

  const keepPatch = attempt("keep the patch", "write", () => {
    const patch = `${Journal.ownDirectory(`${Journal.ownDirectory(journals)}/patches`)}/${stage.session}.patch`
    Journal.writeDurably(patch, Buffer.from(diff().patch))
    return patch
  })

  const conflict = (paths: ReadonlyArray<string>) =>
    Effect.flatMap(
      keepPatch,
      (patch) => new MergeConflict({ paths: paths.map((path) => ProjectPath.make(path)), patch })
    )

  const apply = attempt("merge", "write", () => {
    const wanted = options.wanted()
    const conflicts = merge({
      state: journals,
      project: stage.project,
      session: stage.session,
      wanted,
      blobs,
      refuse: (path) => options.isSecret(path) ? "it is a secret" : undefined
    })
    if (conflicts.length > 0) return { conflicts, merged: [] }
    options.merged()
    return { conflicts, merged: wanted.map((one) => ProjectPath.make(one.path)) }
  })

  const locked = attempt("merge", "journal", () => Journal.lock(journals)).pipe(
    Effect.filterOrFail((release) => release !== undefined, () => busy),
    Effect.retry({ schedule: lockWait, while: (error) => error.detail === busy.detail })
  )

  return {
    changes: attempt("compare", "read", () => toChanges(between())).pipe(Effect.withSpan("Workspace.changes")),
    diff: attempt("diff", "read", diff).pipe(Effect.withSpan("Workspace.diff")),
    keepPatch: Effect.withSpan(keepPatch, "Workspace.keepPatch"),
    merge: Effect.acquireUseRelease(
      locked,
      () =>
        Effect.flatMap(
          apply,
          ({ conflicts, merged }) => conflicts.length > 0 ? conflict(conflicts) : Effect.succeed({ merged })
        ),
      (release) => Effect.sync(() => release?.())
    ).pipe(Effect.withSpan("Workspace.merge"))
  }
}
