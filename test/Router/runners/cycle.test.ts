import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import type { TestCase } from "../../../src/domain/Verdict.ts"
import { reportersSource, select } from "../../../src/Router/Runners.ts"
import { judgeAll } from "../../../src/StateMachine.ts"
import { cycleKits } from "./cycleKits.ts"
import { type Files, inMemory, onDisk, openReports, runAll } from "./support.ts"

const short = (name: string) => /adds\b/i.test(name) ? "adds" : /zero/i.test(name) ? "zero" : name
const brief = (cases: ReadonlyArray<TestCase>) =>
  cases.map(({ file, name, status }) => `${status} ${file} ${short(name)}`).toSorted()
const keys = (cases: ReadonlyArray<TestCase>) => cases.map(({ file, name }) => `${file} > ${name}`).toSorted()

const seals = `\n\u001ffluffy:0:${"0".repeat(64)}:{"end":true}\n`

for (const kit of cycleKits) {
  const own = { [kit.test]: "h1" }
  const steadyFiles = Object.keys(kit.steady)
  const run = (files: Files) =>
    Effect.gen(function*() {
      const reports = yield* openReports
      const forged = Object.entries({ ...kit.base, [kit.test]: kit.body, ...files })
        .map(([path, text]) => [path, text.replaceAll("@REPORTS@", reports.source)] as const)
      const root = yield* onDisk(Object.fromEntries(forged), { modules: kit.modules })
      const runs = yield* runAll(root, { configured: kit.configured }, kit.path?.(), reports)
      const cases = runs.flatMap(({ report }) => report?.cases ?? [])
      const output = runs.map(({ exitCode, output }) => `${output}\nexit code ${exitCode}`).join("\n")
      const verdict = judgeAll(runs, { written: own, locked: {}, redTests: [], currentHashes: own })
      // A try that does not run at all would prove nothing.
      const tried = existsSync(`${reports.source}/tried`)
      return { cases, runs, tried, verdict, output: `${verdict.verdict}: ${verdict.reason}\n${output}` }
    })

  const { voice } = kit
  const sources = (code: string) => ({ source: kit.source, test: kit.test, code, body: kit.body })
  const reportPath = `@REPORTS@/${kit.reportFile}`
  const tried = `${voice.leave("", "@REPORTS@/tried")};`
  const report = (passes: boolean, seals = "") => {
    const text = `${kit.fake(passes)}${seals}`
    return `${voice.print(text)};${kit.filed ? voice.leave(text, reportPath) : ""};`
  }
  // Go's end of a process is decided in its test file.
  const last = kit.runner === "go" ? voice.test : voice.source
  const tries = (passes: boolean): Readonly<Record<string, Files>> => {
    const [project, code] = passes ? [sources(kit.wrong), 0] : [sources(kit.right), 1]
    return {
      "a source that reports and quits": voice.source(project, `${tried}${report(passes)}${voice.quit(code)}`),
      "a test that reports and quits": voice.test(project, `${tried}${report(passes)}${voice.quit(code)}`),
      [`a process that ${passes ? "ends well" : "fails"} at its end`]: last(project, `${tried}${voice.ending(code)}`),
      "a source that reports and goes on": voice.source(
        project,
        `${tried}${report(passes, kit.sealed ? seals : "")}${voice.leave(kit.fake(passes), reportPath)}`
      )
    }
  }

  describe(`${kit.title}`, { timeout: 60_000 }, () => {
    it.scopedLive("is red, then green, and names every test alike in both runs", () =>
      Effect.gen(function*() {
        const red = yield* run({ ...kit.steady, [kit.source]: kit.wrong })
        const [failed, ...others] = red.cases.filter(({ status }) => status !== "passed")
        assert.deepStrictEqual([red.verdict.verdict, failed?.file, others.length], ["red", kit.test, 0], red.output)
        assert.include(failed?.message, kit.says)
        const green = yield* run({ ...kit.steady, [kit.source]: kit.right })
        assert.strictEqual(green.verdict.verdict, "green", green.output)
        assert.deepStrictEqual(
          brief(green.cases.filter(({ file }) => file === kit.test)),
          [`passed ${kit.test} adds`, `passed ${kit.test} zero`]
        )
        assert.isTrue(green.runs.every(({ report }) => report?.runner === kit.runner && !report.truncated))
        assert.includeMembers(green.cases.map(({ file }) => String(file)), steadyFiles)
        assert.deepStrictEqual(keys(green.cases), keys(red.cases))
      }))

    for (const [forged, truth] of [["red", "green"], ["green", "red"]] as const) {
      for (const [name, files] of Object.entries(tries(forged === "green"))) {
        const title = `${forged} by ${name}`
        const gap = kit.gaps.find((known) => known === title)
        it.scopedLive(
          gap === undefined ? `is not made ${title}` : `is made ${title}, as docs/runners.md says`,
          () =>
            Effect.gen(function*() {
              const source = { [kit.source]: forged === "red" ? kit.right : kit.wrong }
              const { output, tried, verdict } = yield* run({ ...source, ...files })
              assert.isTrue(tried, output)
              assert.include(gap === undefined ? [truth, "none"] : [forged], verdict.verdict, output)
            })
        )
      }
    }
  })
}

/** Runners that neither npm nor Debian has: reports as their formats have them, judged as if the run had just left them. */
const recorded = {
  dotnet: {
    test: "tests/AddTests.cs",
    files: {
      "tests/App.Tests.csproj": "<Project><PackageReference Include=\"Microsoft.NET.Test.Sdk\" /></Project>",
      "tests/AddTests.cs": "public class AddTests { }",
      "tests/Slow.cs": "class Outer { class SlowTests { } }"
    },
    repaired: (red: string) => red.replace("outcome=\"Failed\"", "outcome=\"Passed\""),
    odd: (whole: string) => whole.replace("total=\"3\"", "total=\"4\""),
    sample: "dotnet.trx"
  },
  nextest: {
    test: "tests/add.rs",
    files: {
      "Cargo.toml": "[package]\nname = \"app\"\n",
      ".config/nextest.toml": "[profile.default.junit]\npath = \"junit.xml\"",
      "src/lib.rs": "",
      "tests/add.rs": "#[test] fn adds() {}"
    },
    repaired: (red: string) => red.replace(/<failure .*?<\/failure>/s, ""),
    odd: (whole: string) => `${whole}\n<?fluffy-report?>\n<testsuites><testsuite>`,
    sample: "nextest.xml"
  }
}

for (const [runner, { files, odd, repaired, sample, test }] of Object.entries(recorded)) {
  describe(`${runner}, by recorded reports`, () => {
    const red = readFileSync(new URL(`../../fixtures/reports/${sample}`, import.meta.url), "utf8")
    const green = repaired(red)
    const verdict = (report: string, exitCode: number) =>
      Effect.gen(function*() {
        const options = { root: "/app", configured: [], reportersDirectory: reportersSource }
        const [selected] = yield* select(inMemory(files), options)
        const own = { [test]: "h1" }
        const run = { report: selected!.parse(new TextEncoder().encode(report)), exitCode, ended: "exit" }
        return judgeAll([run], { written: own, locked: {}, redTests: [], currentHashes: own }).verdict
      })

    it.effect("is red, then green", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual([yield* verdict(red, 1), yield* verdict(green, 0)], ["red", "green"])
      }))

    it.effect("is neither by a report and an exit code that disagree, or a report that is not one and whole", () =>
      Effect.gen(function*() {
        const printed = `fluffy: the command left no report and printed\n${green}`
        const forged = [
          [red, 0],
          [green, 1],
          [odd(red), 1],
          [odd(green), 0],
          [red.slice(0, -20), 1],
          [green.slice(0, -20), 0],
          [printed, 0],
          ["", 0]
        ] as const
        for (const [report, exitCode] of forged) assert.strictEqual(yield* verdict(report, exitCode), "none", report)
      }))
  })
}
