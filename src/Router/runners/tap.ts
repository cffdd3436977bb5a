import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places, textOf, unreadable } from "./reportText.ts"

const version = /^TAP version 1[34]$/
const plan = /^1\.\.(\d+)(?:\s*#\s*(.*))?$/
const point = /^(not )?ok\b(?:\s+(\d+))?(?:\s+-)?(.*)$/
const directive = /(?:^|\s)#\s*(skip|todo)\b.*$/i

interface Point {
  readonly passed: boolean
  readonly number: number
  readonly name: string
  readonly said: Array<string>
  readonly directive: "skip" | "todo" | undefined
}

const pointOf = (line: string, next: number): Point | undefined => {
  const match = point.exec(line)
  if (match === null) return undefined
  const text = match[3] ?? ""
  const word = directive.exec(text)?.[1]?.toLowerCase() as Point["directive"]
  return {
    passed: match[1] === undefined,
    number: match[2] === undefined ? next : Number(match[2]),
    name: text.replace(directive, "").trim() || `test ${next}`,
    said: [],
    directive: word
  }
}

interface Stream {
  readonly points: ReadonlyArray<Point>
  readonly whole: boolean
}

/** Reads the tests of the outermost level; what is indented, or a comment, is what the last one says. */
const read = (lines: ReadonlyArray<string>): Stream => {
  const points: Array<Point> = []
  const plans: Array<number> = []
  let odd = false
  for (const line of lines) {
    const planned = plan.exec(line)?.[1]
    const found = pointOf(line, points.length + 1)
    if (planned !== undefined) plans.push(Number(planned))
    else if (found !== undefined) {
      // Numbers that do not count up belong to two writers.
      odd ||= found.number !== points.length + 1
      points.push(found)
    } else if (/^Bail out!/i.test(line)) odd = true
    else if (!version.test(line)) points.at(-1)?.said.push(line)
  }
  return { points, whole: !odd && plans.length === 1 && plans[0] === points.length }
}

const place = /(?:^|[\s"'(])((?:file:\/\/)?[^\s"'():,]+\.\w+)(?=$|[\s"'):,])/g

/** The file of a test: the one that was run, the only one there is, or the first test file its diagnostics name. */
const fileOf = (said: ReadonlyArray<string>, places: Places, owned: ReadonlyArray<ProjectPath>): ProjectPath | null => {
  if (places.only !== undefined) return places.only
  if (owned.length === 1) return owned[0]!
  const named = said.flatMap((line) => [...line.matchAll(place)].map(([, path]) => toProjectPath(path, places)))
  return named.find((path): path is ProjectPath => path !== null && owned.includes(path)) ?? null
}

/** Reads TAP 12 to 14; each test of the outermost level is one. Without a plan that fits it is cut off. */
export const parseTap = (
  runner: string,
  report: Uint8Array,
  places: Places,
  owned: ReadonlyArray<ProjectPath>
): TestReport => {
  const text = textOf(report)
  if (text === null) return unreadable(runner)
  const { points, whole } = read(text.split(/\r?\n/))
  const cases = points.map(({ directive, name, passed, said }): TestCase => {
    const file = fileOf(said, places, owned)
    if (directive !== undefined) return { file, name, status: "skipped" }
    return passed
      ? { file, name, status: "passed" }
      : { file, name, status: "failed", message: said.join("\n").trim().slice(0, maxMessage) }
  })
  return { runner, cases, truncated: !whole }
}
