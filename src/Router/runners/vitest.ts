import { parseJestJson } from "./jestJson.ts"
import { separate, withoutDropped } from "./options.ts"
import { absolute, escapeRegExp, plainEnv, type Runner } from "./Runner.ts"

const valued = [
  "--config",
  "-c",
  "--root",
  "-r",
  "--dir",
  "--project",
  "--environment",
  "--pool",
  "--mode",
  "--exclude",
  "--testNamePattern",
  "-t",
  "--testTimeout",
  "--hookTimeout",
  "--maxWorkers",
  "--minWorkers",
  "--retry",
  "--tsconfig",
  "--configLoader"
]

const dropped = [
  "--run",
  "--watch",
  "-w",
  "--ui",
  "--open",
  "--coverage",
  "--update",
  "-u",
  "--silent",
  "--passWithNoTests",
  "--reporter=",
  "--reporters=",
  "--outputFile="
]

const commands = new Set(["run", "watch", "dev", "related", "bench", "list"])

/** vitest, by its JSON reporter, whose report is sealed. */
export const vitest: Runner = {
  name: "vitest",
  language: "javascript",
  reportFile: "vitest.json",
  sealed: true,
  valued,
  dropped,
  command: (request) => {
    const { options, positionals } = separate(withoutDropped(request.args, dropped), valued)
    const name = request.name === null ? [] : [`--testNamePattern=${escapeRegExp(request.name)}`]
    return {
      command: request.program,
      args: [
        "run",
        ...options,
        "--reporter=default",
        `--reporter=${request.reporters}/vitest.mjs`,
        ...name,
        ...(request.files === null ? positionals.filter((word) => !commands.has(word)) : absolute(request))
      ],
      env: { ...plainEnv, ...request.env }
    }
  },
  parse: (report, places) => parseJestJson("vitest", report, places)
}
