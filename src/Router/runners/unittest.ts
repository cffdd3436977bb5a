import { parseJsonLines } from "./jsonLines.ts"
import { absolute, plainEnv, type Runner } from "./Runner.ts"

/** Python's unittest, by a script of our own that loads each test file and says which it was. */
export const unittest: Runner = {
  name: "unittest",
  language: "python",
  reportFile: "unittest.jsonl",
  sealed: true,
  valued: [],
  dropped: [],
  command: (request) => ({
    command: request.program,
    args: [
      ...request.args,
      `${request.reporters}/unittest_json.py`,
      ...(request.name === null ? [] : ["-k", request.name]),
      "--",
      ...absolute(request)
    ],
    env: { ...plainEnv, PYTHONDONTWRITEBYTECODE: "1", ...request.env }
  }),
  parse: (report, places) => parseJsonLines("unittest", report, places)
}
