import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import { cargo } from "./cargo.ts"
import { joined, type Locate } from "./junit.ts"
import { orPrinted } from "./printed.ts"
import { toProjectPath } from "./reportPath.ts"
import type { Places } from "./reportText.ts"
import type { Runner } from "./Runner.ts"
import { moduleFile } from "./rustModule.ts"

/** The directory of a package: the one whose Cargo.toml has its name. */
const packageDirectory = (name: string, places: Places): string | undefined =>
  [...places.texts ?? []].find(([file, text]) =>
    posix.basename(file) === "Cargo.toml" && /^[ \t]*name[ \t]*=[ \t]*"([^"\n]+)"/m.exec(text)?.[1] === name
  )?.[0].replace(/(^|\/)Cargo\.toml$/, "")

/** A suite is a test program: `add` the library, `add::calc` the integration test `calc`, `add::bin/run` a program's own tests. */
const locate = (places: Places): Locate => {
  const files = new Set<string>(places.files)
  return ({ name, suite }) => {
    const [pkg = "", target] = suite.split("::")
    const directory = packageDirectory(pkg, places)
    if (directory === undefined) return null
    const at = (path: string) => toProjectPath(posix.join(places.root, directory, path), places)
    const roots = target === undefined
      ? ["src/lib.rs", "src/main.rs"]
      : target.startsWith("bin/")
      ? [`src/${target}.rs`, `src/${target}/main.rs`, "src/main.rs"]
      : [`tests/${target}.rs`, `tests/${target}/main.rs`]
    const root = roots.map(at).find((path): path is ProjectPath => path !== null && files.has(path))
    return root === undefined ? null : moduleFile(root, name, files)
  }
}

/** The compiler's messages that are errors, each up to the next message. */
const errorsOnly = (printed: string) =>
  printed.split(/\n(?=(?:error|warning)\b)/).filter((message) => message.startsWith("error")).join("\n")

/** cargo-nextest where `.config/nextest.toml` names a JUnit report. Documentation tests are not its business. */
export const nextest: Runner = {
  ...cargo,
  name: "nextest",
  reportFile: "nextest.xml",
  capture: { from: "files", directory: "target/nextest", pattern: "*.xml" },
  reads: (file) => posix.basename(file) === "Cargo.toml",
  command: (request) => {
    const command = cargo.command({ ...request, args: [], name: null })
    const targets = command.args.filter((word) => word.startsWith("--test"))
    return {
      ...command,
      args: [
        "nextest",
        "run",
        "--offline",
        "--no-fail-fast",
        "--color=never",
        ...request.args,
        ...targets,
        ...(request.name === null ? [] : ["--", request.name])
      ],
      // The report lies beside the project's own target directory.
      env: { ...command.env, CARGO_TARGET_DIR: "target" }
    }
  },
  parse: (report, places) =>
    orPrinted(
      "nextest",
      report,
      places,
      /^\s*--> /,
      (text) => joined("nextest", text, places, locate(places)),
      errorsOnly
    )
}
