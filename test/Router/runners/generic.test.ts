import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TestCase } from "../../../src/domain/Verdict.ts"
import type { RunnerConfig } from "../../../src/Router/Runners.ts"
import { judgeAll } from "../../../src/StateMachine.ts"
import { type Files, onDisk, runAll } from "./support.ts"

const brief = (cases: ReadonlyArray<TestCase>) => cases.map(({ file, name, status }) => `${status} ${file} ${name}`)

const runConfigured = (config: RunnerConfig, files: Files, pattern?: string) =>
  Effect.gen(function*() {
    const root = yield* onDisk(files)
    const runs = yield* runAll(root, { configured: [config], ...(pattern === undefined ? {} : { pattern }) })
    const own = Object.fromEntries(Object.keys(files).map((file) => [file, "h"]))
    const verdict = judgeAll(runs, { written: own, locked: {}, redTests: [], currentHashes: own })
    return { cases: runs.flatMap(({ report }) => report?.cases ?? []), runs, verdict }
  })

const check = (value: number) =>
  `sum=$(cat src/sum)\nif [ "$sum" = ${value} ]; then echo "ok 1 - sum"; else echo "not ok 1 - sum"; echo "# got $sum"; fi\necho 1..1\n[ "$sum" = ${value} ]\n`

describe("a command that prints TAP", { timeout: 60_000 }, () => {
  const config: RunnerConfig = { command: "sh", args: ["{file}"], report: "tap", files: ["checks/*.sh"] }
  const files = { "src/sum": "3", "checks/a.sh": check(3), "checks/b.sh": check(3), "checks/notes.txt": "" }

  it.scopedLive("is run for each test file", () =>
    Effect.gen(function*() {
      const { cases, runs, verdict } = yield* runConfigured(config, files)
      assert.deepStrictEqual(brief(cases), ["passed checks/a.sh sum", "passed checks/b.sh sum"])
      assert.lengthOf(runs, 2)
      assert.strictEqual(verdict.verdict, "green")
    }))

  it.scopedLive("is red in the file that fails, alone where it alone is asked for", () =>
    Effect.gen(function*() {
      const red = { ...files, "checks/b.sh": check(4) }
      const { cases, verdict } = yield* runConfigured(config, red)
      assert.deepStrictEqual(brief(cases), ["passed checks/a.sh sum", "failed checks/b.sh sum"])
      assert.deepStrictEqual([verdict.verdict, cases[1]?.message], ["red", "# got 3"])
      assert.deepStrictEqual(brief((yield* runConfigured(config, red, "checks/a.sh")).cases), [
        "passed checks/a.sh sum"
      ])
    }))

  it.scopedLive("proves nothing when it is forged", () =>
    Effect.gen(function*() {
      for (
        const forged of [
          "echo 'ok 1 - sum'; exit 0\n",
          "echo 1..1; echo 'ok 1 - sum'; exit 3\n",
          "echo 1..1; echo 'not ok 1 - sum'; exit 0\n",
          "echo 1..1; echo 'ok 1 - sum'; echo 1..1; echo 'ok 1 - sum'\n"
        ]
      ) {
        assert.strictEqual((yield* runConfigured(config, { "checks/a.sh": forged })).verdict.verdict, "none", forged)
      }
    }))

  it.scopedLive("needs a test file to be run for", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(runConfigured(config, { "src/sum": "3" }))
      assert.include(String(error), "one test file at a time")
    }))
})

const xml = (inside: string) => `<testsuite name="suite" tests="1">${inside}</testsuite>`

describe("a command that leaves JUnit XML", { timeout: 60_000 }, () => {
  const script = (what: string) =>
    `mkdir -p out/deep\ncat > out/deep/TEST-a.xml <<'END'\n${
      xml(`<testcase name="adds" classname="demo.AddTest">${what}</testcase>`)
    }\nEND\n`
  const config: RunnerConfig = {
    command: "sh",
    args: ["build.sh"],
    report: "junit",
    reportFile: "out/**/TEST-*.xml",
    files: ["*Test.java"]
  }

  it.scopedLive("is read from the files that match", () =>
    Effect.gen(function*() {
      const passing = { "demo/AddTest.java": "", "build.sh": script("") }
      const { cases, verdict } = yield* runConfigured(config, passing)
      assert.deepStrictEqual(brief(cases), ["passed demo/AddTest.java demo.AddTest.adds"])
      assert.strictEqual(verdict.verdict, "green")
      const failing = { ...passing, "build.sh": `${script("<failure>no</failure>")}exit 1\n` }
      const red = yield* runConfigured(config, failing)
      assert.deepStrictEqual([red.cases[0]?.message, red.verdict.verdict], ["no", "red"])
    }))

  it.scopedLive("takes no report of an earlier run", () =>
    Effect.gen(function*() {
      const old = { "out/TEST-old.xml": xml("<testcase name=\"adds\"/>"), "AddTest.java": "", "build.sh": "exit 0\n" }
      const { runs, verdict } = yield* runConfigured(config, old)
      assert.deepStrictEqual([runs[0]?.report, verdict.verdict], [null, "none"])
    }))

  it.scopedLive("is red when the build complains of a test file", () =>
    Effect.gen(function*() {
      const broken = {
        "AddTest.java": "",
        "build.sh": "echo 'AddTest.java:3: error: cannot find symbol Add'\nexit 1\n"
      }
      const { cases, verdict } = yield* runConfigured(config, broken)
      assert.deepStrictEqual([brief(cases), verdict.verdict], [["error AddTest.java (file)"], "red"])
    }))

  it.scopedLive("can be told where the report goes, and which test is wanted", () =>
    Effect.gen(function*() {
      const told: RunnerConfig = {
        command: "sh",
        args: ["build.sh", "{report}", "--only={name}", "{files}"],
        report: "junit",
        files: ["*Test.java"]
      }
      const files = {
        "AddTest.java": "",
        "build.sh": `printf '<testsuite><testcase name="%s" classname="AddTest"/></testsuite>' "$*" > "$1"\n`
      }
      const named = yield* runConfigured(told, files, "adds")
      assert.match(named.cases[0]?.name ?? "", /0-junit\.xml --only=adds$/)
      assert.match(
        (yield* runConfigured(told, files, "AddTest.java")).cases[0]?.name ?? "",
        /junit\.xml \/.*AddTest\.java$/
      )
      assert.match((yield* runConfigured(told, files)).cases[0]?.name ?? "", /0-junit\.xml$/)
    }))
})
