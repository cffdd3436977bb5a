import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { readConfigFile } from "../../src/KernelConfig/readConfigFile.ts"
import { makePlaces } from "./places.ts"

const reading = (text: string, origin: "user" | "project" = "user") =>
  Effect.flatMap(makePlaces({ "config.yaml": text }), ({ home }) => readConfigFile(join(home, "config.yaml"), origin))

describe("readConfigFile", () => {
  it.scoped.each([
    { text: "mode: loose", place: "1:7", problem: "mode: it must be one of strict, explore, debug, not \"loose\"" },
    { text: "# first\nmax_turn: 5", place: "2:1", problem: "unknown key \"max_turn\"" },
    { text: "maxTurns: 5", place: "1:1", problem: "unknown key \"maxTurns\"" },
    { text: "max_turns: 5.5", place: "1:12", problem: "max_turns: it must be a whole number from 1, not 5.5" },
    { text: "max_turns: \"5\"", place: "1:12", problem: "not \"5\"" },
    { text: "limits:\n  timeout: 10", place: "2:12", problem: "not 10" },
    { text: "limits:\n  memory: 10", place: "2:11", problem: "not 10" },
    {
      text: "limits:\n  memory: 10 pounds",
      place: "2:11",
      problem: "limits.memory: it must be a size with a unit, such as 512MiB or 2GB, not \"10 pounds\""
    },
    { text: "limits:\n  cpu: 2", place: "2:3", problem: "unknown key \"limits.cpu\"" },
    { text: "secrets: [\"\"]", place: "1:11", problem: "secrets.0" },
    { text: "secrets: [\"a/[\"]", place: "1:11", problem: "can never match" },
    { text: "secrets: .env", place: "1:10", problem: "secrets" },
    { text: "runners:\n  - command: npm", place: "2:5", problem: "runners.0.report is missing" },
    { text: "runners:\n  - { command: npm, report: xunit }", place: "2:29", problem: "it must be one of node, vitest" },
    { text: "runners:\n  - { command: mvn, report: junit }", place: "2:5", problem: "needs report_file, or {report}" },
    {
      text: "runners:\n  - { command: mvn, report: junit, report_file: ../x.xml }",
      place: "2:49",
      problem: "it must be a pattern of files in the project"
    },
    { text: "- a\n- b", place: "1:1", problem: "Expected" },
    { text: "mode: strict\nmode: debug", place: "2:1", problem: "the key \"mode\" is given twice" },
    { text: "a: &x 1\nb: *x", place: "1:7", problem: "anchors and aliases are not used in a configuration" },
    { text: "commit: yes please", place: "1:9", problem: "it must be true or false" },
    { text: "mode: [", place: "1:8", problem: "" }
  ])("refuses $text at $place", ({ place, problem, text }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(reading(text))
      assert.include(error.message, `config.yaml:${place}: `)
      assert.include(error.message, problem)
    }))

  it.scoped.each(["", "# only a comment\n", "---\n"])(
    "takes %j for a file that sets nothing",
    (text) =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* reading(text))?.given, {})
      })
  )

  it.scoped("knows the line of each key", () =>
    Effect.gen(function*() {
      const read = yield* reading("# a\nmode: strict\n\nmax_turns: 3\n")
      assert.deepStrictEqual([read?.lineOf("mode"), read?.lineOf("max_turns")], [2, 4])
    }))

  it.scoped("is undefined where there is no file, or no folder", () =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces({ file: "" })
      assert.isUndefined(yield* readConfigFile(join(home, "config.yaml"), "user"))
      assert.isUndefined(yield* readConfigFile(join(home, "file/config.yaml"), "user"))
    }))

  it.scoped("follows a link of the user's, and none of a project's", () =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces({ "real.yaml": "max_turns: 3" })
      const link = join(home, "link.yaml")
      symlinkSync(join(home, "real.yaml"), link)
      assert.strictEqual((yield* readConfigFile(link, "user"))?.given.maxTurns, 3)
      assert.include((yield* Effect.flip(readConfigFile(link, "project"))).message, "symbolic link")
    }))

  it.scoped("waits for no FIFO and reads no directory", () =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces()
      execFileSync("mkfifo", [join(home, "fifo.yaml")])
      mkdirSync(join(home, "folder.yaml"))
      for (const name of ["fifo.yaml", "folder.yaml"]) {
        assert.include((yield* Effect.flip(readConfigFile(join(home, name), "project"))).message, "not a regular file")
      }
    }))

  it.scoped("refuses a file of the user's that everyone may write, or that is no text, or far too large", () =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces({
        "open.yaml": "",
        "large.yaml": `# ${"x".repeat(300 * 1024)}`,
        "bytes.yaml": ""
      })
      chmodSync(join(home, "open.yaml"), 0o666)
      execFileSync("sh", ["-c", "printf '\\377\\376' > \"$1\"", "sh", join(home, "bytes.yaml")])
      for (
        const [name, why] of [["open", "everyone may write it"], ["large", "larger than 256 KiB"], [
          "bytes",
          "not UTF-8"
        ]] as const
      ) {
        assert.include((yield* Effect.flip(readConfigFile(join(home, `${name}.yaml`), "user"))).message, why)
      }
    }))
})
