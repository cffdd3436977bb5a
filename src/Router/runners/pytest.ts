import { parseJsonLines } from "./jsonLines.ts"
import { absolute, plainEnv, type Runner, type RunnerRequest } from "./Runner.ts"

// What `-m` finds first is the project's own folder, in which anything can be called pytest.
const startOf = ({ args, reporters }: RunnerRequest) =>
  args[0] === "-m" && args[1] === "pytest" ? [`${reporters}/pytest_main.py`, ...args.slice(2)] : args

/** pytest, by a plugin of our own, which pytest loads before any code of the project. */
export const pytest: Runner = {
  name: "pytest",
  language: "python",
  reportFile: "pytest.jsonl",
  sealed: true,
  valued: [],
  dropped: [],
  command: (request) => ({
    command: request.program,
    args: [
      ...startOf(request),
      "-p",
      "no:cacheprovider",
      "-p",
      "fluffy_pytest",
      `--rootdir=${request.cwd}`,
      ...(request.name === null ? [] : [`-k${request.name}`]),
      ...absolute(request)
    ],
    env: {
      ...plainEnv,
      PYTHONDONTWRITEBYTECODE: "1",
      ...request.env,
      PYTHONPATH: [request.reporters, request.env["PYTHONPATH"] ?? ""].filter((path) => path !== "").join(":")
    }
  }),
  parse: (report, places) => parseJsonLines("pytest", report, places)
}
