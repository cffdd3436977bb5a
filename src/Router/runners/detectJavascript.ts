import { Effect, Either, Option, Schema } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection, MissingRunner } from "./Detection.ts"
import { jest } from "./jest.ts"
import { mocha } from "./mocha.ts"
import { node } from "./node.ts"
import { separate, withoutDropped } from "./options.ts"
import type { PackageFiles } from "./packages.ts"
import type { Runner, RunnerName } from "./Runner.ts"
import type { RunnerProject } from "./RunnerProject.ts"
import { filesNamed, isTestFile } from "./testFiles.ts"
import { runsOfScript, type ScriptRun } from "./testScript.ts"
import { vitest } from "./vitest.ts"

const Dependencies = Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
const Manifest = Schema.parseJson(Schema.Struct({
  scripts: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), { default: () => ({}) }),
  dependencies: Dependencies,
  devDependencies: Dependencies,
  version: Schema.optional(Schema.String)
}))
const decode = Schema.decodeUnknownEither(Manifest)

const runners: Record<string, Runner> = { node, vitest, jest, mocha }
const installed = [vitest, jest, mocha]

const readManifest = <E>(project: RunnerProject<E>, path: string) =>
  Effect.map(
    project.read(path),
    (text) => Option.getOrUndefined(Option.flatMap(text, (text) => Either.getRight(decode(text))))
  )

/** The program of an installed runner: in the package's own `node_modules/.bin`, or in one above it. */
const findProgram = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, directory: string, name: string) {
  for (let at = directory;; at = posix.dirname(at)) {
    const path = posix.join(at, "node_modules/.bin", name)
    if (yield* project.exists(path)) return path
    if (at === ".") return undefined
  }
})

const importsOf: ReadonlyArray<readonly [RegExp, RunnerName]> = [
  [/["']node:test["']/, "node"],
  [/["']vitest["']/, "vitest"],
  [/["']@jest\/globals["']/, "jest"],
  [/["']mocha["']/, "mocha"]
]

const maxSniffed = 20

/** The runner that test files import; `node --test` needs nothing installed, so it is what is left. */
const sniff = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, tests: ReadonlyArray<ProjectPath>) {
  for (const file of tests.slice(0, maxSniffed)) {
    const text = Option.getOrElse(yield* project.read(file), () => "")
    const found = importsOf.find(([pattern]) => pattern.test(text))
    if (found !== undefined) return found[1]
  }
  return tests.length > 0 ? "node" as const : undefined
})

// vitest bundles its configuration into node_modules, which is read-only in a sandbox; from vite 6.1 on it can do without.
const loaderArgs = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, program: string) {
  const modules = posix.dirname(posix.dirname(program))
  const version = (manifest: typeof Manifest.Type | undefined) => (manifest?.version ?? "").split(".").map(Number)
  const [vitestMajor = 0] = version(yield* readManifest(project, `${modules}/vitest/package.json`))
  const [major = 0, minor = 0] = version(yield* readManifest(project, `${modules}/vite/package.json`))
  return vitestMajor >= 3 && (major > 6 || (major === 6 && minor >= 1)) ? ["--configLoader=runner"] : []
})

const detectionOf = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  files: ReadonlyArray<ProjectPath>,
  run: ScriptRun,
  declared: boolean
) {
  const runner = runners[run.runner]!
  const { options, positionals } = separate(withoutDropped(run.args, runner.dropped), runner.valued)
  const named = runner.name === "node" || runner.name === "mocha"
    ? positionals.flatMap((word) => filesNamed(word, directory, files))
    : []
  const owned = new Set(named)
  const owns = (file: string) => owned.size > 0 ? owned.has(file as ProjectPath) : isTestFile(file, "javascript")
  const found = { runner, directory, env: run.env, declared, owns }
  if (runner.name === "node") {
    // `node --test` of Node 20 knows no globs, and later ones no directories: it is given files.
    const words = [...owned].map((file) => `./${posix.relative(directory, file)}`)
    return { ...found, program: { name: "node" }, args: [...options, ...words] } satisfies Detection
  }
  const path = yield* findProgram(project, directory, runner.name)
  if (path === undefined) return { missing: runner.name, declared, owns } satisfies MissingRunner
  const loader = runner.name === "vitest" ? yield* loaderArgs(project, path) : []
  return { ...found, program: { path }, args: [...options, ...loader, ...positionals] } satisfies Detection
})

const dependencyRuns = (
  manifest: typeof Manifest.Type | undefined,
  files: ReadonlyArray<ProjectPath>
): ReadonlyArray<ScriptRun> => {
  const names = { ...manifest?.dependencies, ...manifest?.devDependencies }
  const declared = installed.filter((runner) => Object.hasOwn(names, runner.name))
  const configured = declared.find((runner) =>
    files.some((file) => new RegExp(`^(\\.${runner.name}rc|${runner.name}\\.config)\\.`).test(posix.basename(file)))
  )
  const chosen = configured ?? declared[0]
  return chosen === undefined ? [] : [{ runner: chosen.name, args: [], env: {} }]
}

/**
 * The JavaScript runners of one package: those its test script starts, else one it depends on, else the one its test files import.
 */
export const detectJavascript = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  { all, direct }: PackageFiles
) {
  const manifest = yield* readManifest(project, posix.join(directory, "package.json"))
  const scripted = runsOfScript(manifest?.scripts ?? {})
  const declared = scripted.length > 0 ? scripted : dependencyRuns(manifest, direct)
  if (declared.length > 0) {
    return yield* Effect.forEach(declared, (run) => detectionOf(project, directory, all, run, true))
  }
  const runner = yield* sniff(project, direct.filter((file) => isTestFile(file, "javascript")))
  return runner === undefined
    ? []
    : [yield* detectionOf(project, directory, direct, { runner, args: [], env: {} }, false)]
})
