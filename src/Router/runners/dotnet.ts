import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestCase } from "../../domain/Verdict.ts"
import { orPrinted } from "./printed.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places } from "./reportText.ts"
import { escapeRegExp, plainEnv, type Runner } from "./Runner.ts"
import { type Element, elementsOf, parseXml } from "./xml.ts"

const testProject = /\.(?:cs|fs|vb)$/

const statuses: ReadonlyMap<string, TestCase["status"]> = new Map([
  ["Passed", "passed"],
  ["NotExecuted", "skipped"],
  ["Inconclusive", "skipped"]
])

/** `My.App.AddTests+Inner` and `My.App.AddTests<T>` are declared as their last name without its arity. */
const plainName = (className: string) => className.split(",")[0]!.split(/[.+]/).at(-1)!.replace(/[`<].*$/, "")

const declaring = (places: Places) => {
  const known = new Map<string, ProjectPath | null>()
  return (className: string): ProjectPath | null => {
    const name = plainName(className)
    if (!known.has(name)) known.set(name, name === "" ? null : search(name, places))
    return known.get(name) ?? null
  }
}

const search = (name: string, places: Places): ProjectPath | null => {
  const declaration = new RegExp(`\\b(?:class|record|struct|type|Class|module)\\s+${escapeRegExp(name)}\\b`)
  return [...places.texts ?? []].find(([, text]) => declaration.test(text))?.[0] ?? null
}

const caseOf = (
  result: Element,
  classes: ReadonlyMap<string, string>,
  declares: ReturnType<typeof declaring>,
  places: Places
): TestCase => {
  const className = classes.get(result.attributes["testId"] ?? "") ?? ""
  const stack = (elementsOf(result, "StackTrace")[0]?.text ?? "").slice(0, maxMessage)
  const name = result.attributes["testName"] ?? ""
  const file = declares(className) ?? toProjectPath(/ in (\/.+?):line \d+/.exec(stack)?.[1], places)
  const status = statuses.get(result.attributes["outcome"] ?? "") ?? "failed"
  const message = `${elementsOf(result, "Message")[0]?.text ?? ""}\n${stack}`.trim().slice(0, maxMessage)
  return {
    file,
    name: className === "" || name.startsWith(className) ? name : `${className}.${name}`,
    status,
    ...(status === "failed" ? { message } : {})
  }
}

const read = (text: string, places: Places) => {
  const root = parseXml(text)
  if (root?.name !== "TestRun") return undefined
  const classes = new Map(
    elementsOf(root, "UnitTest").map((test) => [
      test.attributes["id"] ?? "",
      elementsOf(test, "TestMethod")[0]?.attributes["className"] ?? ""
    ])
  )
  const declares = declaring(places)
  const cases = elementsOf(root, "UnitTestResult").map((result) => caseOf(result, classes, declares, places))
  const total = elementsOf(root, "Counters")[0]?.attributes["total"]
  return { runner: "dotnet", cases, truncated: total !== String(cases.length) || cases.some(({ name }) => name === "") }
}

/** `dotnet test`, by its trx report. It selects by name only, so a file stands for its whole project. */
export const dotnet: Runner = {
  name: "dotnet",
  language: "dotnet",
  reportFile: "dotnet.trx",
  valued: [],
  dropped: [],
  capture: { from: "file" },
  reads: (file) => testProject.test(file),
  command: (request) => ({
    command: request.program,
    args: [
      "test",
      ...request.args,
      `--logger=trx;LogFileName=${request.reportPath}`,
      ...(request.name === null
        ? []
        : [`--filter=FullyQualifiedName~${request.name.replaceAll(/[()&|=!~\\]/g, "\\$&")}`])
    ],
    env: {
      ...plainEnv,
      DOTNET_CLI_HOME: "/tmp/fluffy-dotnet",
      DOTNET_CLI_TELEMETRY_OPTOUT: "1",
      DOTNET_NOLOGO: "1",
      DOTNET_SKIP_FIRST_TIME_EXPERIENCE: "1",
      ...request.env
    }
  }),
  parse: (report, places) => orPrinted("dotnet", report, places, /\berror [A-Z]+\d+/, (text) => read(text, places))
}
