import { Effect } from "effect"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection, MissingRunner } from "./Detection.ts"
import { detectJavascript } from "./detectJavascript.ts"
import { detectPython } from "./detectPython.ts"
import { filesOf, isBelow, packagesOf } from "./packages.ts"
import type { RunnerProject } from "./RunnerProject.ts"

type Found = Detection | MissingRunner

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
  for (const language of ["javascript", "python"] as const) {
    const packages = packagesOf(files, language)
    const chosen: Array<{ readonly directory: ProjectPath; readonly found: ReadonlyArray<Found> }> = []
    for (const directory of packages) {
      const own = filesOf(directory, packages, files)
      const found: ReadonlyArray<Found> = language === "javascript"
        ? yield* detectJavascript(project, directory, own)
        : yield* detectPython(project, directory, own, projectRoot)
      const outer = chosen.flatMap((one) => isBelow(directory, one.directory) ? one.found : [])
      const news = found.filter((one) =>
        !outer.some((other) => other.declared && (!one.declared || nameOf(other) === nameOf(one)))
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
