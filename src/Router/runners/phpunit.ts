import { junitCases } from "./junit.ts"
import { orPrinted } from "./printed.ts"
import { absolute, escapeRegExp, plainEnv, type Runner } from "./Runner.ts"

/** PHPUnit 9 and later, by its JUnit XML. It takes one path, so files are run one by one. */
export const phpunit: Runner = {
  name: "phpunit",
  language: "php",
  reportFile: "phpunit.xml",
  valued: [],
  dropped: [],
  capture: { from: "file" },
  fileByFile: true,
  command: (request) => ({
    command: request.program,
    args: [
      ...request.args,
      "--colors=never",
      "--do-not-cache-result",
      "--log-junit",
      request.reportPath,
      ...(request.name === null ? [] : ["--filter", `/${escapeRegExp(request.name)}/`]),
      ...absolute(request)
    ],
    env: { ...plainEnv, ...request.env }
  }),
  parse: (report, places) =>
    orPrinted("phpunit", report, places, /\b(?:Parse|Fatal|syntax) error\b/i, (text) => {
      const cases = junitCases(text, places)
      return cases === undefined ? undefined : { runner: "phpunit", cases, truncated: false }
    })
}
