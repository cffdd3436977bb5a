import type { ProjectPath } from "../domain/ProjectPath.ts"

/** What a merge wrote or removed in the project. */
export interface MergeReport {
  readonly merged: ReadonlyArray<ProjectPath>
}

/** What the start-up found of killed kernels: merges finished, merges undone, stages removed. */
export interface MergeRecovery {
  readonly finished: ReadonlyArray<string>
  readonly undone: ReadonlyArray<string>
  readonly stages: number
}
