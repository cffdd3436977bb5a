import { Either, Schema } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { buildErrors } from "./buildErrors.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places, textOf, unreadable } from "./reportText.ts"

const decode = Schema.decodeUnknownEither(Schema.parseJson(Schema.Struct({
  Action: Schema.String,
  Package: Schema.optional(Schema.String),
  Test: Schema.optional(Schema.String),
  Output: Schema.optional(Schema.String)
})))

const statuses: ReadonlyMap<string, TestCase["status"]> = new Map([
  ["pass", "passed"],
  ["fail", "failed"],
  ["skip", "skipped"]
])

const testFunction = /^func\s+((?:Test|Example|Fuzz)\w*)\s*[[(]/gm

/** The test file of each test function, by `<directory> <name>`. */
const functionsOf = (places: Places): ReadonlyMap<string, ProjectPath> => {
  const found = new Map<string, ProjectPath>()
  for (const [file, text] of places.texts ?? []) {
    if (!file.endsWith("_test.go")) continue
    for (const [, name] of text.matchAll(testFunction)) found.set(`${posix.dirname(file)} ${name}`, file)
  }
  return found
}

/** The project's directory of a package: what follows the module's path in its import path. */
const directoryOf = (pkg: string, places: Places): string => {
  const module = toProjectPath("go.mod", places)
  const path = /^module\s+"?([^\s"]+)/m.exec(module === null ? "" : places.texts?.get(module) ?? "")?.[1]
  const below = path === undefined || pkg === path
    ? ""
    : pkg.startsWith(`${path}/`)
    ? pkg.slice(path.length)
    : undefined
  return below === undefined ? "" : posix.relative(places.root, posix.join(places.cwd, below)) || "."
}

/** One package's tests as events tell them: open until they have ended once. */
interface Package {
  readonly tests: Map<string, { status: TestCase["status"] | undefined; output: string }>
  ended: string | undefined
}

/** Takes in one event; false when it cannot have come from Go, as when a test or a package ends twice. */
const take = (packages: Map<string, Package>, name: string, test: string | undefined, action: string, text: string) => {
  const pkg = packages.get(name) ?? { tests: new Map(), ended: undefined }
  packages.set(name, pkg)
  if (pkg.ended !== undefined) return false
  const status = statuses.get(action)
  if (test === undefined) {
    if (status !== undefined) pkg.ended = action
    return true
  }
  const known = pkg.tests.get(test)
  if (known === undefined) {
    if (action !== "run") return false
    pkg.tests.set(test, { status: undefined, output: "" })
    return true
  }
  if (action === "run" || status !== undefined && known.status !== undefined) return false
  if (status !== undefined) known.status = status
  if (known.output.length < maxMessage) known.output += text
  return true
}

const casesOf = (name: string, pkg: Package, places: Places, functions: ReadonlyMap<string, ProjectPath>) => {
  const directory = directoryOf(name, places)
  return [...pkg.tests].map(([test, { output, status = "failed" }]): TestCase => {
    const file = functions.get(`${directory} ${test.split("/")[0]}`) ?? null
    return {
      file,
      name: `${name}.${test}`,
      status,
      ...(status === "failed" ? { message: output.slice(0, maxMessage) } : {})
    }
  })
}

/** Reads the events of `go test -json`, with what the build said between them. */
export const parseGo = (runner: string, report: Uint8Array, places: Places): TestReport => {
  const text = textOf(report)
  if (text === null) return unreadable(runner)
  const packages = new Map<string, Package>()
  const build: Array<string> = []
  const lines = text.split("\n")
  if (lines.pop() !== "") return unreadable(runner)
  for (const line of lines) {
    if (!line.startsWith("{")) {
      build.push(line)
      continue
    }
    const event = Either.getOrUndefined(decode(line))
    if (event === undefined) return unreadable(runner)
    if (event.Action === "build-output") build.push((event.Output ?? "").replace(/\n$/, ""))
    if (event.Package === undefined || event.Action.startsWith("build-")) continue
    if (!take(packages, event.Package, event.Test, event.Action, event.Output ?? "")) return unreadable(runner)
  }
  const functions = functionsOf(places)
  const cases = [...packages].flatMap(([name, pkg]) => casesOf(name, pkg, places, functions))
  const broken = buildErrors(build.join("\n"), places, /\.go:\d+/)
  const failed = [...packages].filter(([, pkg]) => pkg.ended === "fail").map(([name]) => name)
  const silent = broken.length > 0 || cases.some(({ status }) => status === "failed") ? [] : failed
  return {
    runner,
    cases: [
      ...cases,
      ...broken,
      // A package that fails without a failing test: it could not be built, or its process ended by itself.
      ...silent.map((name): TestCase => ({
        file: null,
        name,
        status: "error",
        message: build.join("\n").slice(0, maxMessage)
      }))
    ],
    truncated: [...packages.values()].some((pkg) => pkg.ended === undefined)
  }
}
