import { parseJestJson } from "./jestJson.ts"
import { separate, withoutDropped } from "./options.ts"
import { absolute, escapeRegExp, plainEnv, type Runner } from "./Runner.ts"

const valued = [
  "--config",
  "-c",
  "--rootDir",
  "--roots",
  "--projects",
  "--selectProjects",
  "--env",
  "--testEnvironment",
  "--maxWorkers",
  "-w",
  "--testNamePattern",
  "-t",
  "--testPathPattern",
  "--testPathPatterns",
  "--testPathIgnorePatterns",
  "--testTimeout",
  "--setupFilesAfterEnv"
]

const dropped = [
  "--watch",
  "--watchAll",
  "--json",
  "--ci",
  "--coverage",
  "--collectCoverage",
  "--updateSnapshot",
  "-u",
  "--onlyChanged",
  "-o",
  "--passWithNoTests",
  "--reporters=",
  "--outputFile=",
  "--coverageReporters=",
  "--coverageDirectory=",
  "--collectCoverageFrom="
]

/** jest, by a reporter of our own that seals its JSON report. */
export const jest: Runner = {
  name: "jest",
  language: "javascript",
  reportFile: "jest.json",
  sealed: true,
  valued,
  dropped,
  command: (request) => {
    const { options, positionals } = separate(withoutDropped(request.args, dropped), valued)
    const name = request.name === null ? [] : [`--testNamePattern=${escapeRegExp(request.name)}`]
    return {
      command: request.program,
      args: [
        ...options,
        "--ci",
        "--coverage=false",
        "--reporters=default",
        `--reporters=${request.reporters}/jest.cjs`,
        ...name,
        ...(request.files === null ? positionals : ["--runTestsByPath", ...absolute(request)])
      ],
      env: { NODE_ENV: "test", ...plainEnv, ...request.env }
    }
  },
  parse: (report, places) => parseJestJson("jest", report, places)
}
