import { posix } from "node:path"
import type { RunnerName } from "./Runner.ts"
import { shellWords, type SimpleCommand } from "./shellWords.ts"

/** A runner a test script starts: its own words after the runner's name, and the environment it is given. */
export interface ScriptRun {
  readonly runner: RunnerName
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

const tools: ReadonlyMap<string, RunnerName> = new Map([
  ["vitest", "vitest"],
  ["vitest.mjs", "vitest"],
  ["jest", "jest"],
  ["jest.js", "jest"],
  ["mocha", "mocha"],
  ["_mocha", "mocha"],
  ["mocha.js", "mocha"]
])

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s
const kernelsOwn = /^(PATH|HOME|TMPDIR|LANG|LD_.*|FLUFFY_.*)$/

const managers = new Set(["npm", "pnpm", "yarn", "bun"])

const baseOf = (word: string | undefined) => posix.basename(word ?? "")

/** The script another one hands over to: `npm run x`, `npm test`, `yarn x`. */
const delegated = (
  words: SimpleCommand
): { readonly script: string; readonly args: ReadonlyArray<string> } | undefined => {
  const [manager, ...rest] = words
  if (manager === undefined || !managers.has(manager)) return undefined
  const plain = rest.filter((word, index) => !(word.startsWith("-") && !rest.slice(0, index).includes("--")))
  const [verb, ...more] = plain.filter((word) => word !== "--")
  if (verb === undefined) return undefined
  if (verb === "run" || verb === "run-script") {
    return more[0] === undefined
      ? undefined
      : { script: more[0], args: more.slice(1) }
  }
  return verb === "exec" || verb === "x" || verb === "dlx"
    ? undefined
    : { script: verb === "t" ? "test" : verb, args: more }
}

const environmentOf = (words: SimpleCommand): Record<string, string> => {
  const pairs = words.flatMap((word) => {
    const [, name, value] = assignment.exec(word) ?? []
    return name === undefined || value === undefined || kernelsOwn.test(name) ? [] : [[name, value] as const]
  })
  return Object.fromEntries(pairs)
}

const withNodeFlags = (env: Record<string, string>, flags: ReadonlyArray<string>): Record<string, string> =>
  flags.length === 0
    ? env
    : { ...env, NODE_OPTIONS: [env["NODE_OPTIONS"], ...flags].filter((_) => _ !== undefined).join(" ") }

const runOf = (words: SimpleCommand): ScriptRun | undefined => {
  const known = words.findIndex((word) => tools.has(baseOf(word)))
  const node = words.findIndex((word) => baseOf(word) === "node" || baseOf(word) === "tsx")
  const isNodeTest = node >= 0 && words.slice(node + 1).some((word) => word === "--test" || word.startsWith("--test-"))
  if (isNodeTest && (known < 0 || node < known)) {
    const tsx = baseOf(words[node]) === "tsx" ? ["--import", "tsx"] : []
    return { runner: "node", args: [...tsx, ...words.slice(node + 1)], env: environmentOf(words.slice(0, node)) }
  }
  const runner = tools.get(baseOf(words[known]))
  if (runner === undefined) return undefined
  const flags = node >= 0 && node < known ? words.slice(node + 1, known).filter((word) => word.startsWith("-")) : []
  return { runner, args: words.slice(known + 1), env: withNodeFlags(environmentOf(words.slice(0, known)), flags) }
}

const maxDepth = 5

/** The runners that `scripts.test` starts, through other scripts of the same package where it names them. */
export const runsOfScript = (
  scripts: Readonly<Record<string, string>>,
  name = "test",
  extra: ReadonlyArray<string> = [],
  depth = 0
): ReadonlyArray<ScriptRun> => {
  const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined
  if (script === undefined || depth > maxDepth) return []
  return shellWords(script).flatMap((words) => {
    const run = runOf(words)
    if (run !== undefined) return [{ ...run, args: [...run.args, ...extra] }]
    const next = delegated(words.filter((word) => !assignment.test(word)))
    return next === undefined ? [] : runsOfScript(scripts, next.script, [...next.args, ...extra], depth + 1)
  })
}
