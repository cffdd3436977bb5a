import { Effect, Option } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import { cargo } from "./cargo.ts"
import type { Detection } from "./Detection.ts"
import { nextest } from "./nextest.ts"
import { hasManifest, type PackageFiles } from "./packages.ts"
import type { RunnerProject } from "./RunnerProject.ts"
import { isTestFile } from "./testFiles.ts"

const read = <E>(project: RunnerProject<E>, ...path: ReadonlyArray<string>) =>
  Effect.map(project.read(posix.join(...path)), Option.getOrElse(() => ""))

const isWorkspace = /^[ \t]*\[workspace\b/m
const junitProfile = /^[ \t]*\[profile\.([\w-]+)\.junit\]/m

/** The file has tests of its own, as `#[test]` and attributes of other crates (`#[tokio::test]`) mark them. */
const holdsTests = /#\[(?:\w+::)*(?:test|rstest)\b/

const maxSniffed = 500

/** The sources whose unit tests lie beside the code: no name tells them, so they are read. */
const unitTested = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, files: ReadonlyArray<ProjectPath>) {
  const found = new Set<string>()
  for (const file of files.filter((file) => file.endsWith(".rs") && !isTestFile(file, "rust")).slice(0, maxSniffed)) {
    if (holdsTests.test(yield* read(project, file))) found.add(file)
  }
  return found
})

/**
 * `cargo test` where a Cargo.toml lies, for all members where that is a workspace; cargo-nextest where its configuration has a profile
 * with a JUnit report.
 */
export const detectRust = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  { all, direct }: PackageFiles
) {
  if (!hasManifest(directory, direct, "rust")) return []
  const workspace = isWorkspace.test(yield* read(project, directory, "Cargo.toml"))
  const profile = junitProfile.exec(yield* read(project, directory, ".config/nextest.toml"))?.[1]
  const units = yield* unitTested(project, workspace ? all : direct)
  const detection: Detection = {
    runner: profile === undefined ? cargo : nextest,
    directory,
    program: { name: "cargo" },
    args: [...(workspace ? ["--workspace"] : []), ...(profile === undefined ? [] : [`--profile=${profile}`])],
    env: {},
    declared: true,
    alone: !workspace,
    owns: (file) => isTestFile(file, "rust") || units.has(file)
  }
  return [detection]
})
