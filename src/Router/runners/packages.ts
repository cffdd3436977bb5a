import { posix } from "node:path"
import { ProjectPath, root } from "../../domain/ProjectPath.ts"
import type { Language } from "./Runner.ts"

const manifests: Record<Language, RegExp> = {
  javascript: /^package\.json$/,
  python: /^(pyproject\.toml|setup\.cfg|setup\.py|pytest\.ini|tox\.ini|requirements\.txt|Pipfile)$/,
  go: /^go\.mod$/,
  rust: /^Cargo\.toml$/,
  ruby: /^(Gemfile|\.rspec|Rakefile|.+\.gemspec)$/,
  php: /^(composer\.json|phpunit(\.dist)?\.xml(\.dist)?)$/,
  dotnet: /^.+\.(cs|fs|vb)proj$/,
  any: /(?!)/
}

/** Whether the directory itself has a manifest of the language. */
export const hasManifest = (directory: string, files: ReadonlyArray<ProjectPath>, language: Language): boolean =>
  files.some((file) => posix.dirname(file) === directory && manifests[language].test(posix.basename(file)))

// What lies in these is there to be tested or looked at, and no part of the project of its own.
const notOwn = /(^|\/)(test|tests|__tests__|spec|fixtures|__fixtures__|examples?|templates?)(\/|$)/

const maxPackages = 50

const depth = (path: string) => path === root ? 0 : path.split("/").length

/** Directories with a manifest of the language, and the project itself, which comes first; then by depth. */
export const packagesOf = (files: ReadonlyArray<ProjectPath>, language: Language): ReadonlyArray<ProjectPath> => {
  const found = files.flatMap((file) => {
    const directory = posix.dirname(file)
    return manifests[language].test(posix.basename(file)) && !(language !== "dotnet" && notOwn.test(directory))
      ? [ProjectPath.make(directory)] :
      []
  })
  return [...new Set([root, ...found])].toSorted((a, b) => depth(a) - depth(b)).slice(0, maxPackages)
}

export const isBelow = (path: string, directory: string): boolean =>
  directory === root || path === directory || path.startsWith(`${directory}/`)

/** The files of a package: all below it, and those that belong to no package inside it. */
export interface PackageFiles {
  readonly all: ReadonlyArray<ProjectPath>
  readonly direct: ReadonlyArray<ProjectPath>
}

export const filesOf = (
  directory: ProjectPath,
  packages: ReadonlyArray<ProjectPath>,
  files: ReadonlyArray<ProjectPath>
): PackageFiles => {
  const all = files.filter((file) => isBelow(file, directory))
  const inner = packages.filter((one) => one !== directory && isBelow(one, directory))
  return { all, direct: all.filter((file) => !inner.some((one) => isBelow(file, one))) }
}
