import { Effect, Option } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection } from "./Detection.ts"
import { dotnet } from "./dotnet.ts"
import type { PackageFiles } from "./packages.ts"
import type { RunnerProject } from "./RunnerProject.ts"

const isTestProject = /Microsoft\.NET\.Test\.Sdk|<IsTestProject>\s*true|MSTest\.Sdk/

/** `dotnet test` for each project file that is one of tests: all sources of it can hold some. */
export const detectDotnet = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  { direct }: PackageFiles
) {
  const found: Array<Detection> = []
  for (const file of direct) {
    if (posix.dirname(file) !== directory || !/\.(cs|fs|vb)proj$/.test(file)) continue
    if (!isTestProject.test(Option.getOrElse(yield* project.read(file), () => ""))) continue
    found.push({
      runner: dotnet,
      directory,
      program: { name: "dotnet" },
      args: [posix.basename(file)],
      env: {},
      declared: true,
      alone: true,
      owns: (path) => /\.(cs|fs|vb)$/.test(path)
    })
  }
  return found
})
