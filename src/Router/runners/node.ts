import { parseJsonLines } from "./jsonLines.ts"
import { separate, withoutDropped } from "./options.ts"
import { absolute, escapeRegExp, plainEnv, type Runner } from "./Runner.ts"

const valued = [
  "--import",
  "--require",
  "-r",
  "--loader",
  "--experimental-loader",
  "--conditions",
  "-C",
  "--env-file",
  "--test-name-pattern",
  "--test-skip-pattern",
  "--test-concurrency",
  "--test-timeout"
]

const dropped = [
  "--test",
  "--watch",
  "--experimental-test-coverage",
  "--test-update-snapshots",
  "--test-reporter=",
  "--test-reporter-destination=",
  "--test-isolation=",
  "--experimental-test-isolation="
]

/** `node --test`, Node 20 and later. Its words of the test script are flags and, already expanded, test files. */
export const node: Runner = {
  name: "node",
  language: "javascript",
  reportFile: "node.jsonl",
  valued,
  dropped,
  command: (request) => {
    const { options, positionals } = separate(withoutDropped(request.args, dropped), valued)
    const name = request.name === null ? [] : [`--test-name-pattern=${escapeRegExp(request.name)}`]
    return {
      command: request.program,
      args: [
        ...options,
        "--test",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        `--test-reporter=${request.reporters}/node.mjs`,
        `--test-reporter-destination=${request.reportPath}`,
        ...name,
        ...(request.files === null ? positionals : absolute(request))
      ],
      env: { ...plainEnv, ...request.env }
    }
  },
  parse: (report, places) => parseJsonLines("node", report, places)
}
