import { Effect } from "effect"
import { lstatSync, readdirSync } from "node:fs"
import type { WorkspaceFailed } from "../Workspace.ts"
import * as Beneath from "./beneath.ts"
import { type GitOptions, list, type Listed } from "./Git.ts"
import { ancestors, byPath, isReserved, nameOf, parentOf, refusePath } from "./names.ts"

/** What a stage of a project holds: files to copy, those of them git tracks, dependency trees to show read-only, and repositories inside, "" for the project's own. */
export interface Listing {
  readonly files: ReadonlyArray<string>
  readonly tracked: ReadonlySet<string>
  readonly dependencies: ReadonlyArray<string>
  readonly repositories: ReadonlyArray<string>
}

const dependencyNames = new Set(["node_modules", "bower_components", "__pypackages__", ".venv", "venv"])
const vendored = "vendor"

const cacheNames = new Set(
  "__pycache__ .pytest_cache .mypy_cache .ruff_cache .tox .nox .eggs .cache .parcel-cache .next .nuxt .turbo .gradle .hg .svn"
    .split(" ")
)

/** Without git: whether a path lies in one of the usual caches. `has` tells whether a file of the project exists. */
export const isCache = (path: string, has: (path: string) => boolean): boolean =>
  [...ancestors(path), path].some((one) => {
    const name = nameOf(one)
    if (cacheNames.has(name) || dependencyNames.has(name)) return true
    const beside = parentOf(one) === "" ? "" : `${parentOf(one)}/`
    return name === "target" && one !== path && (has(`${beside}Cargo.toml`) || has(`${beside}pom.xml`))
  })

const maxNesting = 8

// A nested repository or submodule is one path to git: its own list takes that path's place.
const listNested = (
  options: GitOptions,
  prefix: string,
  depth: number
): Effect.Effect<
  { readonly files: ReadonlyArray<Listed>; readonly repositories: ReadonlyArray<string> } | null,
  WorkspaceFailed
> =>
  Effect.gen(function*() {
    const listed = yield* list(options)
    if (listed === null) return null
    const files: Array<Listed> = []
    const repositories = [prefix]
    for (const one of listed) {
      const path = one.path.endsWith("/") ? one.path.slice(0, -1) : one.path
      if (refusePath(path) !== undefined) continue
      const full = prefix === "" ? path : `${prefix}/${path}`
      const directory = `${options.directory}/${path}`
      const isNested = (one.path.endsWith("/") || one.tracked) && isDirectory(directory)
      if (!isNested) files.push({ path: full, tracked: one.tracked })
      else if (depth < maxNesting && isRepository(directory)) {
        const nested = yield* listNested({ ...options, directory }, full, depth + 1)
        files.push(...(nested?.files ?? []).map((file) => ({ ...file, tracked: one.tracked && file.tracked })))
        repositories.push(...(nested?.repositories ?? []))
      }
    }
    return { files, repositories }
  })

const isDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const isRepository = (path: string): boolean => lstatSync(`${path}/.git`, { throwIfNoEntry: false }) !== undefined

// What the kernel may not look into is left out, like a file it may not read.
const entriesOf = (directory: string) => {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EACCES") return []
    throw cause
  }
}

const walk = (project: string): ReadonlyArray<Listed> => {
  const found: Array<Listed> = []
  const visit = (directory: string) => {
    const names = entriesOf(`${project}/${directory}`)
    const here = new Set(names.map((entry) => entry.name))
    const prefix = directory === "" ? "" : `${directory}/`
    for (const entry of names) {
      const path = `${prefix}${entry.name}`
      const built = entry.name === "target" && (here.has("Cargo.toml") || here.has("pom.xml"))
      if (isReserved(entry.name) || cacheNames.has(entry.name) || built) continue
      if (entry.isDirectory()) {
        if (!dependencyNames.has(entry.name)) visit(path)
      } else found.push({ path, tracked: false })
    }
  }
  visit("")
  return found
}

// Dependency trees lie beside staged files; one that holds a tracked file is the project's own and is copied.
const findDependencies = (project: string, listed: ReadonlyArray<Listed>, git: boolean): ReadonlyArray<string> => {
  const tracked = new Set<string>()
  const any = new Set<string>()
  for (const one of listed) {
    for (const directory of ancestors(one.path)) {
      any.add(directory)
      if (one.tracked) tracked.add(directory)
    }
  }
  const inTree = (directory: string) => directory.split("/").some((part) => dependencyNames.has(part))
  return Beneath.within(
    project,
    (beneath) =>
      ["", ...any].filter((directory) => !inTree(directory) || tracked.has(directory)).toSorted(byPath).flatMap(
        (directory) => {
          const prefix = beneath.enter(directory)
          if (prefix === undefined) return []
          return readdirSync(prefix, { withFileTypes: true }).flatMap((entry) => {
            const path = directory === "" ? entry.name : `${directory}/${entry.name}`
            const isTree = dependencyNames.has(entry.name)
              ? !tracked.has(path)
              : git && entry.name === vendored && !any.has(path)
            return isTree && entry.isDirectory() && refusePath(path) === undefined ? [path] : []
          })
        }
      )
  )
}

/** Lists a project as its git does, or whole but for caches when it has none. */
export const make = (options: GitOptions): Effect.Effect<Listing, WorkspaceFailed> =>
  Effect.gen(function*() {
    const nested = yield* listNested(options, "", 0)
    const listed = nested?.files ?? walk(options.directory)
    const dependencies = findDependencies(options.directory, listed, nested !== null).toSorted(byPath)
    const trees = new Set(dependencies)
    const files = listed.map((one) => one.path)
      .filter((path) =>
        refusePath(path) === undefined && !ancestors(path).some((one) => trees.has(one)) && !trees.has(path)
      )
    return {
      files: [...new Set(files)].toSorted(byPath),
      tracked: new Set(listed.filter((one) => one.tracked).map((one) => one.path)),
      dependencies,
      repositories: nested?.repositories ?? []
    }
  })
