import { type ProjectPath, root } from "../../domain/ProjectPath.ts"
import * as Glob from "../../internal/Glob.ts"
import type { Detection } from "./Detection.ts"
import { jest } from "./jest.ts"
import { mocha } from "./mocha.ts"
import { node } from "./node.ts"
import { pytest } from "./pytest.ts"
import type { Runner, RunnerName } from "./Runner.ts"
import { filesNamed, isGlob, isTestFile } from "./testFiles.ts"
import { unittest } from "./unittest.ts"
import { vitest } from "./vitest.ts"

/** A test command of the project's own: `report` says how its output is read. `files` are gitignore patterns of the tests it runs. */
export interface RunnerConfig {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly report: RunnerName
  readonly files?: ReadonlyArray<string>
}

const runners: Record<RunnerName, Runner> = { node, vitest, jest, mocha, pytest, unittest }

// `npx vitest run`: the words up to the runner's own name stay in front of what the adapter writes.
const prefixed = (runner: Runner, leading: ReadonlyArray<string>): Runner => ({
  ...runner,
  command: (request) => {
    const command = runner.command(request)
    return { ...command, args: [...leading, ...command.args] }
  }
})

type Split = readonly [leading: ReadonlyArray<string>, own: ReadonlyArray<string>]

const splitAt = (config: RunnerConfig): Split => {
  const { args, report } = config
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

/** A configured command as a detection: it wins over all that is found. */
export const fromConfig = (config: RunnerConfig, files: ReadonlyArray<ProjectPath>): Detection => {
  const [leading, args] = splitAt(config)
  const runner = runners[config.report]
  return {
    runner: prefixed(runner, leading),
    directory: root,
    program: config.command.includes("/") && !config.command.startsWith("/")
      ? { path: config.command }
      : { name: config.command },
    args: runner === node ? expanded(args, files) : args,
    env: {},
    declared: true,
    owns: config.files === undefined ? (file) => isTestFile(file, runner.language) : Glob.compile(config.files)
  }
}
