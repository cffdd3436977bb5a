import { posix } from "node:path"
import { parseCargo } from "./cargoReport.ts"
import { plainEnv, type Runner } from "./Runner.ts"

/** What a sandbox can write, nothing fetched, and output as the reader of the report expects it whatever a configuration says. */
const environment = {
  CARGO_TARGET_DIR: "/tmp/fluffy-cargo/target",
  CARGO_NET_OFFLINE: "true",
  CARGO_TERM_COLOR: "never",
  CARGO_INCREMENTAL: "0",
  RUST_BACKTRACE: "0",
  RUST_TEST_NOCAPTURE: "0"
}

/** The cargo options for one test file: `tests/x.rs` and `tests/x/...` are the target `x`, what lies in `src` is of the package itself. */
const targetOf = (file: string): ReadonlyArray<string> => {
  const [, name] = /(?:^|\/)tests\/([^/]+?)(?:\.rs)?(?:\/|$)/.exec(file) ?? []
  if (name === undefined) return ["--lib", "--bins"]
  return posix.dirname(file).endsWith("/tests") || posix.dirname(file) === "tests" ? [`--test=${name}`] : ["--tests"]
}

const targetsOf = (files: ReadonlyArray<string>) => {
  const targets = [...new Set(files.flatMap(targetOf))]
  // A package without a library refuses `--lib`, and a module shared by several targets can be seen in all of them only.
  return targets.some((target) => !target.startsWith("--test=")) ? ["--tests"] : targets
}

/** `cargo test` of any stable toolchain: by what cargo says of its targets, and libtest of its tests. */
export const cargo: Runner = {
  name: "cargo",
  language: "rust",
  reportFile: "cargo.txt",
  valued: [],
  dropped: [],
  capture: { from: "output" },
  command: (request) => ({
    command: request.program,
    args: [
      "test",
      "--offline",
      "--no-fail-fast",
      "--message-format=json",
      ...request.args,
      ...(request.files === null ? [] : targetsOf(request.files)),
      "--",
      "--color=never",
      ...(request.name === null ? [] : ["--", request.name])
    ],
    env: { ...plainEnv, ...environment, ...request.env }
  }),
  parse: (report, places) => parseCargo("cargo", report, places)
}
