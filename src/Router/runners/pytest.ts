import { parseJunit } from "./junit.ts"
import { absolute, plainEnv, type Runner } from "./Runner.ts"

/** pytest, by its JUnit XML report. */
export const pytest: Runner = {
  name: "pytest",
  language: "python",
  reportFile: "pytest.xml",
  valued: [],
  dropped: [],
  command: (request) => ({
    command: request.program,
    args: [
      ...request.args,
      "-p",
      "no:cacheprovider",
      `--junitxml=${request.reportPath}`,
      "-o",
      "junit_family=xunit1",
      "-o",
      "junit_logging=no",
      `--rootdir=${request.cwd}`,
      ...(request.name === null ? [] : [`-k${request.name}`]),
      ...absolute(request)
    ],
    env: { ...plainEnv, PYTHONDONTWRITEBYTECODE: "1", ...request.env }
  }),
  parse: (report, places) => parseJunit("pytest", report, places)
}
