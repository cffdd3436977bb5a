import { type ProjectPath, root } from "../../domain/ProjectPath.ts"
import * as Glob from "../../internal/Glob.ts"
import { cargo } from "./cargo.ts"
import type { Detection } from "./Detection.ts"
import { dotnet } from "./dotnet.ts"
import { junitRunner, tapRunner } from "./generic.ts"
import { go } from "./go.ts"
import { jest } from "./jest.ts"
import { minitest } from "./minitest.ts"
import { mocha } from "./mocha.ts"
import { nextest } from "./nextest.ts"
import { node } from "./node.ts"
import { phpunit } from "./phpunit.ts"
import { pytest } from "./pytest.ts"
import { rspec } from "./rspec.ts"
import type { Runner, RunnerName } from "./Runner.ts"
import { filesNamed, isGlob, isTestFile } from "./testFiles.ts"
import { unittest } from "./unittest.ts"
import { vitest } from "./vitest.ts"

/**
 * A test command of the project's own: `report` says how its output is read. `files` are gitignore patterns of the tests it runs,
 * `reportFile` a pattern of the JUnit XML files it leaves.
 */
export interface RunnerConfig {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly report: RunnerName
  readonly files?: ReadonlyArray<string>
  readonly reportFile?: string
}

type Named = Exclude<RunnerName, "junit" | "tap">

const runners: Record<Named, Runner> = {
  node,
  vitest,
  jest,
  mocha,
  pytest,
  unittest,
  go,
  cargo,
  nextest,
  rspec,
  minitest,
  phpunit,
  dotnet
}

// `npx vitest run`: the words up to the runner's own name stay in front of what the adapter writes.
const prefixed = (runner: Runner, leading: ReadonlyArray<string>): Runner => ({
  ...runner,
  command: (request) => {
    const command = runner.command(request)
    return { ...command, args: [...leading, ...command.args] }
  }
})

type Split = readonly [leading: ReadonlyArray<string>, own: ReadonlyArray<string>]

/** The words after which the project's own come, where the adapter writes them itself: `go test -tags x`. */
const subcommands: Partial<Record<RunnerName, ReadonlyArray<string>>> = {
  go: ["test"],
  cargo: ["test"],
  nextest: ["nextest", "run"],
  dotnet: ["test"]
}

const splitAt = (config: RunnerConfig): Split => {
  const { args, report } = config
  const subcommand = subcommands[report]
  if (subcommand !== undefined) {
    const at = args.indexOf(subcommand[0]!)
    return at < 0 ? [[], args] : [args.slice(0, at), args.slice(at + subcommand.length)]
  }
  // Ruby's own words come before the script that runs the tests.
  if (report === "minitest") return [args, []]
  if (report === "pytest") {
    const at = args.findIndex((word) => word.split("/").at(-1) === "pytest")
    const from = at > 0 && args[at - 1] === "-m" ? at - 1 : at + 1
    return [args.slice(0, from), args.slice(from)]
  }
  if (report === "unittest") {
    const at = args.indexOf("unittest")
    return [at > 0 && args[at - 1] === "-m" ? args.slice(0, at - 1) : [], []]
  }
  const isNode = report === "node" && config.command.split("/").at(-1) === "node"
  const last = report === "node"
    ? args.indexOf("--test")
    : 1 + args.findIndex((word) => word.split("/").at(-1) === report)
  return isNode || last < 0 ? [[], args] : [args.slice(0, last), args.slice(last)]
}

// No shell expands the globs of a configuration, and `node --test` of Node 20 does not either.
const expanded = (words: ReadonlyArray<string>, files: ReadonlyArray<ProjectPath>): ReadonlyArray<string> =>
  words.flatMap((word) =>
    word.startsWith("-") || !isGlob(word) ? [word] : filesNamed(word, ".", files).map((file) => `./${file}`)
  )

const runnerOf = (config: RunnerConfig, owns: (file: string) => boolean): readonly [Runner, ReadonlyArray<string>] => {
  if (config.report === "junit") return [junitRunner(config.args, config.reportFile, owns), config.args]
  if (config.report === "tap") return [tapRunner(config.args, owns), config.args]
  const [leading, args] = splitAt(config)
  return [prefixed(runners[config.report], leading), args]
}

const languageOf = (report: RunnerName) => report === "junit" || report === "tap" ? "any" : runners[report].language

/** A configured command as a detection: it wins over all that is found. */
export const fromConfig = (config: RunnerConfig, files: ReadonlyArray<ProjectPath>): Detection => {
  const language = languageOf(config.report)
  const owns = config.files === undefined
    ? (file: string) => isTestFile(file, language)
    : Glob.compile(config.files)
  const [runner, args] = runnerOf(config, owns)
  return {
    runner,
    directory: root,
    program: config.command.includes("/") && !config.command.startsWith("/")
      ? { path: config.command }
      : { name: config.command },
    args: config.report === "node" ? expanded(args, files) : args,
    env: {},
    declared: true,
    owns
  }
}
