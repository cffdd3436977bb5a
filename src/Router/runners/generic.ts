import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import { joined, type Locate } from "./junit.ts"
import { filledIn, takesOneFile, takesReport } from "./placeholders.ts"
import { orPrinted } from "./printed.ts"
import type { Places } from "./reportText.ts"
import { plainEnv, type Runner, type RunnerRequest } from "./Runner.ts"
import { parseTap } from "./tap.ts"

const command = (request: RunnerRequest) => ({
  command: request.program,
  args: filledIn(request.args, request),
  env: { ...plainEnv, ...request.env }
})

const common = { language: "any", valued: [], dropped: [], command } as const

/** `com.acme.AddTest` is in a file `com/acme/AddTest.*`, `tests.test_add.AddTest` in `tests/test_add.*`; inner classes in their outer one. */
const byClass = (owned: ReadonlyArray<ProjectPath>): Locate => {
  const stems = new Map(owned.map((file) => [file, `/${file.slice(0, -posix.extname(file).length)}`]))
  return ({ classname, suite }) => {
    for (const name of [classname, suite]) {
      const parts = name.replace(/[$<(].*$/s, "").split(/[./\\]|::/)
      for (let length = parts.length; length > 0; length--) {
        const found = owned.filter((file) => stems.get(file)!.endsWith(`/${parts.slice(0, length).join("/")}`))
        if (found.length === 1) return found[0]!
      }
    }
    return null
  }
}

const complaint = /\berror\b/i

/** The tests among the project's files, by the configuration's word. */
const ownedOf = (places: Places, owns: (file: string) => boolean) => (places.files ?? []).filter(owns)

/** JUnit XML of any program: at `{report}`, or in the files that `reportFile` matches, a pattern relative to the project. */
export const junitRunner = (
  args: ReadonlyArray<string>,
  reportFile: string | undefined,
  owns: (file: string) => boolean
): Runner => ({
  ...common,
  name: "junit",
  reportFile: "junit.xml",
  fileByFile: takesOneFile(args),
  capture: reportFile === undefined || takesReport(args)
    ? { from: "file" }
    : { from: "files", directory: ".", pattern: reportFile.replace(/^\.?\//, "") },
  parse: (report, places) =>
    orPrinted(
      "junit",
      report,
      places,
      complaint,
      (text) => joined("junit", text, places, byClass(ownedOf(places, owns)))
    )
})

/** TAP of any program, from its standard output. */
export const tapRunner = (args: ReadonlyArray<string>, owns: (file: string) => boolean): Runner => ({
  ...common,
  name: "tap",
  reportFile: "tap.txt",
  fileByFile: takesOneFile(args),
  capture: { from: "stdout" },
  parse: (report, places) => parseTap("tap", report, places, ownedOf(places, owns))
})
