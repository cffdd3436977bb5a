import { Effect } from "effect"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection } from "./Detection.ts"
import { go } from "./go.ts"
import { hasManifest, type PackageFiles } from "./packages.ts"
import type { RunnerProject } from "./RunnerProject.ts"
import { isTestFile } from "./testFiles.ts"

/** `go test` where a go.mod lies; a module inside another is one of its own. */
export const detectGo = <E>(
  _project: RunnerProject<E>,
  directory: ProjectPath,
  { direct }: PackageFiles
): Effect.Effect<ReadonlyArray<Detection>, E> =>
  Effect.succeed(
    hasManifest(directory, direct, "go")
      ? [{
        runner: go,
        directory,
        program: { name: "go" },
        args: [],
        env: {},
        declared: true,
        alone: true,
        owns: (file) => isTestFile(file, "go")
      }]
      : []
  )
