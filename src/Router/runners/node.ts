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
  "--test-shard=",
  "--test-isolation=",
  "--experimental-test-isolation="
]

/**
 * node:test, Node 20 and later, each file in a process started by a script of our own: what the project says about options and variables
 * is for those processes. Its words of the test script are flags and, already expanded, test files.
 */
export const node: Runner = {
  name: "node",
  language: "javascript",
  reportFile: "node.jsonl",
  sealed: true,
  valued,
  dropped,
  command: (request) => {
    const { options, positionals } = separate(withoutDropped(request.args, dropped), valued)
    const name = request.name === null ? [] : [`--test-name-pattern=${escapeRegExp(request.name)}`]
    return {
      command: request.program,
      args: [
        `${request.reporters}/node.mjs`,
        ...Object.entries(request.env).map(([name, value]) => `${name}=${value}`),
        "--",
        ...options,
        ...name,
        "--",
        ...(request.files === null ? positionals : absolute(request))
      ],
      env: plainEnv
    }
  },
  parse: (report, places) => parseJsonLines("node", report, places)
}
