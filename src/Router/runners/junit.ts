import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { partsOf } from "./captured.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places, textOf, unreadable } from "./reportText.ts"
import { type Element, elementsOf, parseXml } from "./xml.ts"

/** Which file a test is of, where its writer does not say: from the names of its class and its suite. */
export type Locate = (test: {
  readonly classname: string
  readonly name: string
  readonly suite: string
}) => ProjectPath | null

const nowhere: Locate = () => null

const problems = new Set(["failure", "error", "warning"])

const messageOf = ({ attributes, text }: Element) =>
  (text.trim() === "" ? attributes["message"] ?? "" : text).slice(0, maxMessage)

interface Suite {
  readonly name: string
  readonly file: string | undefined
}

const caseOf = (test: Element, suite: Suite, places: Places, locate: Locate): TestCase => {
  const { classname = test.attributes["class"] ?? "", file: own, name = "" } = test.attributes
  const file = toProjectPath(own ?? suite.file, places) ?? locate({ classname, name, suite: suite.name }) ??
    places.only ?? null
  const full = classname === "" ? name : `${classname}.${name}`
  const problem = test.children.find((child) => problems.has(child.name))
  if (problem?.attributes["message"] === "collection failure") {
    return { file, name: "(file)", status: "error", message: messageOf(problem) }
  }
  if (problem !== undefined) return { file, name: full, status: "failed", message: messageOf(problem) }
  const status = test.attributes["status"]
  const skipped = test.children.some((child) => child.name === "skipped") || status === "notrun" ||
    status === "disabled"
  return { file, name: full, status: skipped ? "skipped" : "passed" }
}

const casesOf = (suite: Element, outer: Suite, places: Places, locate: Locate): ReadonlyArray<TestCase> => {
  const { file, filepath, name = outer.name } = suite.attributes
  const here = { name, file: file ?? filepath ?? outer.file }
  return suite.children.flatMap((child) =>
    child.name === "testcase"
      ? [caseOf(child, here, places, locate)]
      : child.name === "testsuite"
      ? casesOf(child, here, places, locate)
      : []
  )
}

const hasNamelessCase = (root: Element) =>
  elementsOf(root, "testcase").some((test) => (test.attributes["name"] ?? "") === "")

/** The tests of one JUnit XML document; undefined when it is none. Suites may lie in suites; the first may be the root. */
export const junitCases = (
  text: string,
  places: Places,
  locate: Locate = nowhere
): ReadonlyArray<TestCase> | undefined => {
  const root = parseXml(text)
  if (root === undefined || (root.name !== "testsuites" && root.name !== "testsuite")) return undefined
  return hasNamelessCase(root) ? undefined : casesOf(root, { name: "", file: undefined }, places, locate)
}

/** Reads one JUnit XML document, as pytest writes it in the family xunit1, which names files. */
export const parseJunit = (
  runner: string,
  report: Uint8Array,
  places: Places,
  locate: Locate = nowhere
): TestReport => {
  const text = textOf(report)
  const cases = text === null ? undefined : junitCases(text, places, locate)
  return cases === undefined ? unreadable(runner) : { runner, cases, truncated: false }
}

/** Reads JUnit XML documents that were put together; undefined when one of them is none. */
export const joined = (runner: string, text: string, places: Places, locate: Locate): TestReport | undefined => {
  const documents = partsOf(text).map((part) => junitCases(part, places, locate))
  return documents.includes(undefined)
    ? undefined
    : { runner, cases: documents.flatMap((cases) => cases ?? []), truncated: false }
}
