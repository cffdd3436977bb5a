import { Effect } from "effect"
import type { WorkspaceFailed } from "../Workspace.ts"
import { type GitOptions, ignored } from "./Git.ts"
import { isCache } from "./listing.ts"

/** Tells which paths a project's git ignores. Asked of the project itself, whose rules a session cannot change before it is merged. */
export interface Ignored {
  readonly of: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, WorkspaceFailed>
}

/** Answers are kept: a path is asked for once in a session. Without repositories the usual caches are what is ignored. */
export const make = (
  options: GitOptions,
  repositories: ReadonlyArray<string>,
  has: (path: string) => boolean
): Ignored => {
  const answers = new Map<string, boolean>()
  const deepestFirst = [...repositories].toSorted((a, b) => b.length - a.length)
  const repositoryOf = (path: string) => deepestFirst.find((one) => one === "" || path.startsWith(`${one}/`))
  const ask = (repository: string, paths: ReadonlyArray<string>) => {
    const cut = repository === "" ? 0 : repository.length + 1
    const directory = repository === "" ? options.directory : `${options.directory}/${repository}`
    return Effect.map(ignored({ ...options, directory }, paths.map((path) => path.slice(cut))), (found) => {
      for (const path of paths) answers.set(path, found.has(path.slice(cut)))
    })
  }
  return {
    of: Effect.fnUntraced(function*(paths) {
      const asked = new Map<string, Array<string>>()
      for (const path of paths) {
        if (answers.has(path)) continue
        const repository = repositoryOf(path)
        if (repository === undefined) answers.set(path, isCache(path, has))
        else if (asked.get(repository)?.push(path) === undefined) asked.set(repository, [path])
      }
      for (const [repository, some] of asked) yield* ask(repository, some)
      return new Set(paths.filter((path) => answers.get(path) === true))
    })
  }
}
