import { parseJsonLines } from "./jsonLines.ts"
import { separate, withoutDropped } from "./options.ts"
import { absolute, plainEnv, type Runner } from "./Runner.ts"

const valued = [
  "--require",
  "-r",
  "--config",
  "--package",
  "--timeout",
  "-t",
  "--slow",
  "-s",
  "--grep",
  "-g",
  "--fgrep",
  "-f",
  "--ui",
  "-u",
  "--extension",
  "--file",
  "--ignore",
  "--exclude",
  "--import",
  "--loader",
  "--node-option",
  "-n",
  "--spec",
  "--retries"
]

const dropped = [
  "--watch",
  "-w",
  "--parallel",
  "-p",
  "--dry-run",
  "--dryRun",
  "--pass-on-failing-test-suite",
  "--jobs=",
  "-j=",
  "--reporter=",
  "-R=",
  "--reporter-option=",
  "--reporter-options=",
  "-O="
]

/** mocha 8 and later, by a reporter of our own: its JSON reporter says nothing of a test file that cannot be loaded. */
export const mocha: Runner = {
  name: "mocha",
  language: "javascript",
  reportFile: "mocha.jsonl",
  sealed: true,
  valued,
  dropped,
  command: (request) => {
    const { options, positionals } = separate(withoutDropped(request.args, dropped), valued)
    const reporter = `${request.reporters}/mocha.cjs`
    const name = request.name === null ? [] : [`--fgrep=${request.name}`]
    return {
      command: request.program,
      args: [
        `--require=${reporter}`,
        ...options,
        "--no-parallel",
        "--no-dry-run",
        `--reporter=${reporter}`,
        ...name,
        ...(request.files === null ? positionals : absolute(request))
      ],
      env: { ...plainEnv, ...request.env }
    }
  },
  parse: (report, places) => parseJsonLines("mocha", report, places)
}
