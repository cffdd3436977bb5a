import type { ProjectPath } from "../../domain/ProjectPath.ts"

/** What to search: a pattern, where, and which names (a pattern as in `.gitignore`). */
export interface GrepQuery {
  readonly pattern: string
  readonly path: ProjectPath
  readonly glob: string | undefined
}

export const maxLines = 200
export const maxColumns = 300
