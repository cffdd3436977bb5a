import { parseJsonLines } from "./jsonLines.ts"
import { absolute, escapeRegExp, plainEnv, type Runner } from "./Runner.ts"

// The script leaves out the number that `it` puts before a name.
const patternOf = (name: string) => escapeRegExp(name).replaceAll("#", "#(?:test_\\d{4}_)?")

/** minitest 5, by a script of our own that loads each test file and says which it was: minitest itself has no report for machines. */
export const minitest: Runner = {
  name: "minitest",
  language: "ruby",
  reportFile: "minitest.jsonl",
  sealed: true,
  valued: [],
  dropped: [],
  command: (request) => ({
    command: request.program,
    args: [
      ...request.args,
      `${request.reporters}/minitest.rb`,
      ...(request.name === null ? [] : ["-n", `/${patternOf(request.name)}/`]),
      "--",
      ...absolute(request)
    ],
    env: { ...plainEnv, ...request.env }
  }),
  parse: (report, places) => parseJsonLines("minitest", report, places)
}
