import { Effect, Option } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection } from "./Detection.ts"
import { type PackageFiles } from "./packages.ts"
import { phpunit } from "./phpunit.ts"
import type { RunnerProject } from "./RunnerProject.ts"
import { isTestFile } from "./testFiles.ts"

const configurations = ["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"]

/** PHPUnit where it is configured, required by composer.json, or test files look like it: the package's own, or the system's. */
export const detectPhp = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  { direct }: PackageFiles
) {
  const owns = (file: string) => isTestFile(file, "php")
  const configured = configurations.some((name) => direct.includes(posix.join(directory, name) as ProjectPath))
  const composer = Option.getOrElse(yield* project.read(posix.join(directory, "composer.json")), () => "")
  const declared = configured || composer.includes("\"phpunit/phpunit\"")
  const tests = direct.filter(owns)
  if (!declared && tests.length === 0) return []
  const own = posix.join(directory, "vendor/bin/phpunit")
  const detection: Detection = {
    runner: phpunit,
    directory,
    program: (yield* project.exists(own)) ? { path: own } : { name: "phpunit" },
    args: [],
    env: {},
    // Without a configuration PHPUnit finds no tests by itself.
    declared: configured,
    alone: true,
    owns
  }
  return [detection]
})
