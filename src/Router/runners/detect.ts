import { Effect } from "effect"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import { detectDotnet } from "./detectDotnet.ts"
import { detectGo } from "./detectGo.ts"
import type { Detection, MissingRunner } from "./Detection.ts"
import { detectJavascript } from "./detectJavascript.ts"
import { detectPhp } from "./detectPhp.ts"
import { detectPython } from "./detectPython.ts"
import { detectRuby } from "./detectRuby.ts"
import { detectRust } from "./detectRust.ts"
import { filesOf, isBelow, type PackageFiles, packagesOf } from "./packages.ts"
import type { Language } from "./Runner.ts"
import type { RunnerProject } from "./RunnerProject.ts"

type Found = Detection | MissingRunner

type Detect = <E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  files: PackageFiles,
  projectRoot: string
) => Effect.Effect<ReadonlyArray<Found>, E>

const detectors: Record<Exclude<Language, "any">, Detect> = {
  javascript: detectJavascript,
  python: detectPython,
  go: detectGo,
  rust: detectRust,
  ruby: detectRuby,
  php: detectPhp,
  dotnet: detectDotnet
}

const covers = (other: Found) => other.declared && ("missing" in other || other.alone !== true)

const nameOf = (found: Found) => "missing" in found ? found.missing : found.runner.name

/**
 * The runners of a project, package by package. A package inside another has a runner of its own only where the outer one declares none,
 * or it declares a different one; each test file belongs to the innermost package that has one.
 */
export const detect = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  files: ReadonlyArray<ProjectPath>,
  projectRoot: string
) {
  const result: Array<Found> = []
  for (const [language, detectPackage] of Object.entries(detectors) as ReadonlyArray<[Language, Detect]>) {
    const packages = packagesOf(files, language)
    const chosen: Array<{ readonly directory: ProjectPath; readonly found: ReadonlyArray<Found> }> = []
    for (const directory of packages) {
      const own = filesOf(directory, packages, files)
      const found = yield* detectPackage(project, directory, own, projectRoot)
      const outer = chosen.flatMap((one) => isBelow(directory, one.directory) ? one.found : [])
      const news = found.filter((one) =>
        !outer.some((other) => covers(other) && (!one.declared || nameOf(other) === nameOf(one)))
      )
      if (news.length > 0) chosen.push({ directory, found: news })
    }
    const ownerOf = (file: string) => chosen.findLast((one) => isBelow(file, one.directory))
    for (const one of chosen) {
      result.push(
        ...one.found.map((found) => ({ ...found, owns: (file: string) => ownerOf(file) === one && found.owns(file) }))
      )
    }
  }
  return result
})
