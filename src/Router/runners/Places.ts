import type { ProjectPath } from "../../domain/ProjectPath.ts"

/** Where a run took place, absolute; and, for reports that name tests but no files, what the project's files say. */
export interface Places {
  readonly root: string
  readonly cwd: string
  /** Every file of the project. */
  readonly files?: ReadonlyArray<ProjectPath>
  /** The text of the files that the runner asked for. */
  readonly texts?: ReadonlyMap<ProjectPath, string>
  /** The one file that was run. */
  readonly only?: ProjectPath
}
