import { Effect } from "effect"
import { posix } from "node:path"
import { type ProjectPath, root } from "../domain/ProjectPath.ts"
import type { TestReport } from "../domain/Verdict.ts"
import { packageRoot } from "../internal/PackageRoot.ts"
import { captured } from "./runners/captured.ts"
import { fromConfig, type RunnerConfig } from "./runners/configured.ts"
import { detect } from "./runners/detect.ts"
import type { Detection, MissingRunner } from "./runners/Detection.ts"
import { NoRunner } from "./runners/NoRunner.ts"
import { narrow, notInstalled, type Target } from "./runners/pattern.ts"
import type { Places } from "./runners/Places.ts"
import type { RunnerName } from "./runners/Runner.ts"
import type { RunnerProject } from "./runners/RunnerProject.ts"
import { sourcesOf } from "./runners/sources.ts"

export type { RunnerConfig } from "./runners/configured.ts"
export { NoRunner } from "./runners/NoRunner.ts"
export { readReport } from "./runners/readReport.ts"
export { maxReportBytes } from "./runners/reportText.ts"
export type { RunnerName } from "./runners/Runner.ts"
export { fromStage, type RunnerProject } from "./runners/RunnerProject.ts"
export { newKey, unseal } from "./runners/sealed.ts"

/** Where a directory made by the kernel for one report is mounted read-write. */
export const reportDirectory = "/run/fluffy/report"

/** Where the kernel's reporters are mounted read-only, and where they lie on the host. */
export const reportersDirectory = "/run/fluffy/reporters"
export const reportersSource: string = posix.join(packageRoot, "reporters")

/** What to select for. `root` is the project's absolute path, the same in the sandbox; `pattern` a path, a glob or a test's name. */
export interface SelectOptions {
  readonly root: string
  readonly configured: ReadonlyArray<RunnerConfig>
  readonly pattern?: string
  readonly reportDirectory?: string
  readonly reportersDirectory?: string
}

/**
 * One run to make: the command for the sandbox, its project-relative working directory, and the file the report will be in below
 * the report directory. `parse` reads it; null when the run left none. Each run wants an empty report directory of its own.
 */
export interface Selected {
  readonly runner: RunnerName
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: ProjectPath
  readonly reportFile: string
  /** The report comes as sealed lines on standard output (`unseal`), for a key on standard input, and not in the file. */
  readonly sealed: boolean
  /** The test files and the name it was narrowed to; null: all. */
  readonly files: ReadonlyArray<ProjectPath> | null
  readonly name: string | null
  /** A command that prints the runner's version; null for a command of the project's own, which may do anything. */
  readonly version: { readonly command: string; readonly args: ReadonlyArray<string>; readonly cwd: ProjectPath } | null
  readonly parse: (report: Uint8Array | null) => TestReport | null
}

const looked = [
  "runners in .fluffy/config.yaml",
  "scripts.test and dependencies of package.json (node --test, vitest, jest, mocha)",
  "pytest in pyproject.toml, setup.cfg, tox.ini, pytest.ini, requirements",
  "go.mod, Cargo.toml, Gemfile and .rspec, composer.json and phpunit.xml, projects of dotnet test",
  "test files (*.test.js and the like, test_*.py, *_spec.rb, *_test.rb, *Test.php)"
]

const nothingUsable = (missing: MissingRunner | undefined) =>
  missing === undefined
    ? new NoRunner({
      reason: "no test runner was found",
      looked,
      remedy: "Write a test file first, or name the test command under runners in .fluffy/config.yaml."
    })
    : notInstalled(missing)

/** Which test runners to run, and how. Configured ones win; else each package's own runner is found, and asked about its own files. */
export const select = Effect.fn("Runners.select")(function*<E>(
  project: RunnerProject<E>,
  options: SelectOptions
): Effect.fn.Return<ReadonlyArray<Selected>, NoRunner | E> {
  const files = yield* project.list
  const configured = options.configured.map((config) => fromConfig(config, files))
  const found: ReadonlyArray<Detection | MissingRunner> = configured.length > 0
    ? configured
    : yield* detect(project, files, options.root)
  const usable = found.filter((one): one is Detection => !("missing" in one))
  const missing = found.filter((one): one is MissingRunner => "missing" in one)
  if (usable.length === 0) return yield* nothingUsable(missing[0])
  const targets = yield* narrow(usable, missing, files, options.pattern)
  return yield* Effect.forEach(
    targets,
    (target, index) =>
      Effect.map(
        sourcesOf(project, target.detection, files),
        (texts) => selected(target, index, options, { files, texts })
      )
  )
})

const selected = (
  { detection, files, name }: Target,
  index: number,
  options: SelectOptions,
  sources: Pick<Places, "files" | "texts">
): Selected => {
  const { directory, program, runner } = detection
  const cwd = directory === root ? options.root : posix.join(options.root, directory)
  const [only] = runner.fileByFile === true ? files ?? [] : []
  const places: Places = { root: options.root, cwd, ...sources, ...(only === undefined ? {} : { only }) }
  const reportFile = `${index}-${runner.reportFile}`
  const reportPath = posix.join(options.reportDirectory ?? reportDirectory, reportFile)
  const reporters = options.reportersDirectory ?? reportersDirectory
  const executable = "path" in program ? posix.join(options.root, program.path) : program.name
  const command = runner.command({
    root: options.root,
    cwd,
    program: executable,
    args: detection.args,
    env: detection.env,
    reportPath,
    reporters,
    files,
    name
  })
  return {
    runner: runner.name,
    ...captured(runner.capture, command, { reportPath, reporters }),
    cwd: directory,
    reportFile,
    sealed: runner.sealed === true,
    files,
    name,
    version: runner.language === "any"
      ? null
      : { command: executable, args: runner.version ?? ["--version"], cwd: directory },
    parse: (report) => report === null ? null : runner.parse(report, places)
  }
}
