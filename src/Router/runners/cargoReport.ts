import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestCase, TestReport } from "../../domain/Verdict.ts"
import { type Build, readBuild } from "./cargoBuild.ts"
import { readLibtest } from "./libtest.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places, textOf, unreadable } from "./reportText.ts"
import { moduleFile } from "./rustModule.ts"

const running = /^ {5}Running (?:unittests )?(.+) \((.+)\)$/
const docTests = /^ {3}Doc-tests /
const docTest = /^(.+\.rs) - .*\(line \d+\)/

/** The file of a target that cargo says it runs: by the executable's name, which has a hash in it, as the build told it. */
const rootOf = (line: string, build: Build, places: Places): ProjectPath | null => {
  const [, , executable] = running.exec(line) ?? []
  return toProjectPath(build.sources.get(executable?.split("/").at(-1) ?? ""), places)
}

interface Section {
  readonly root: ProjectPath | null
  readonly docs: boolean
  readonly lines: Array<string>
}

/** What each target printed, under the line that says which one runs. */
const sectionsOf = (lines: ReadonlyArray<string>, build: Build, places: Places): ReadonlyArray<Section> => {
  const sections: Array<Section> = []
  for (const line of lines) {
    const docs = docTests.test(line)
    if (docs || running.test(line)) sections.push({ root: docs ? null : rootOf(line, build, places), docs, lines: [] })
    else sections.at(-1)?.lines.push(line)
  }
  return sections
}

const casesOf = (
  { docs, lines, root }: Section,
  files: ReadonlySet<string>,
  places: Places
): ReadonlyArray<TestCase> | null =>
  readLibtest(lines)?.map(({ message, name, status }): TestCase => ({
    file: docs ? toProjectPath(docTest.exec(name)?.[1], places) : moduleFile(root, name, files),
    // A documentation test is named by its line, which any line above it moves.
    name: docs ? name.replace(/ \(line \d+\)/, "") : root === null ? name : `${root}: ${name}`,
    status,
    ...(message === undefined ? {} : { message: message.slice(0, maxMessage) })
  })) ?? null

/** Reads what `cargo test --message-format=json` printed, stderr among it: the build's messages, then each target's tests. */
export const parseCargo = (runner: string, report: Uint8Array, places: Places): TestReport => {
  const text = textOf(report)
  if (text === null) return unreadable(runner)
  const build = readBuild(text.split("\n"), places)
  if (build === undefined) return unreadable(runner)
  if (!build.finished) return { runner, cases: build.errors, truncated: build.errors.length === 0 }
  const files = new Set<string>(places.files)
  const sections = sectionsOf(build.rest, build, places).map((section) => casesOf(section, files, places))
  return {
    runner,
    cases: sections.flatMap((cases) => cases ?? []),
    truncated: sections.length === 0 || sections.some((cases) => cases === null)
  }
}
