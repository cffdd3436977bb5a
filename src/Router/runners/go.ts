import { posix } from "node:path"
import { parseGo } from "./goReport.ts"
import { escapeRegExp, plainEnv, type Runner } from "./Runner.ts"

/** Caches of Go where a sandbox can write, and nothing fetched: what is not vendored or in the standard library cannot be used. */
const environment = {
  GOCACHE: "/tmp/fluffy-go/cache",
  GOPATH: "/tmp/fluffy-go",
  GOPROXY: "off",
  GOTOOLCHAIN: "local",
  GOTELEMETRY: "off"
}

const directoriesOf = (files: ReadonlyArray<string>, root: string, cwd: string) =>
  [...new Set(files.map((file) => posix.dirname(`${root}/${file}`)))].map((directory) => {
    const path = posix.relative(cwd, directory)
    return path === "" ? "." : `./${path}`
  })

/** `go test -json`. A file stands for its package, the least that Go runs. */
export const go: Runner = {
  name: "go",
  language: "go",
  reportFile: "go.jsonl",
  valued: [],
  dropped: [],
  capture: { from: "output" },
  reads: (file) => file.endsWith("_test.go") || posix.basename(file) === "go.mod",
  version: ["version"],
  command: (request) => ({
    command: request.program,
    args: [
      "test",
      "-json",
      "-count=1",
      ...request.args,
      ...(request.name === null ? [] : [`-run=${escapeRegExp(request.name)}`]),
      ...(request.files === null ? ["./..."] : directoriesOf(request.files, request.root, request.cwd))
    ],
    env: { ...plainEnv, ...environment, ...request.env }
  }),
  parse: (report, places) => parseGo("go", report, places)
}
