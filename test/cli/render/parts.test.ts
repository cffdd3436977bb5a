import { assert, describe, it } from "@effect/vitest"
import { diff } from "../../../src/cli/render/diff.ts"
import { list, time } from "../../../src/cli/render/format.ts"
import { coloured, plain, wantsColour } from "../../../src/cli/render/style.ts"
import { summary } from "../../../src/cli/render/summary.ts"
import { makeTerminal } from "../../../src/cli/render/Terminal.ts"
import { SessionId } from "../../../src/domain/SessionId.ts"
import type { SessionSummary } from "../../../src/Orchestrator.ts"

describe("wantsColour", () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ TERM: "dumb" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, true]
  ])("with %j on a terminal (%s) says %s", (env, isTerminal, expected) => {
    assert.strictEqual(wantsColour(env, isTerminal), expected)
  })
})

describe("time", () => {
  it.each([[0.4, "0 ms"], [999.4, "999 ms"], [1000, "1.0 s"], [59_999, "59.9 s"], [60_000, "1 min 0 s"], [
    125_000,
    "2 min 5 s"
  ]])(
    "writes %d ms as %j",
    (ms, text) => {
      assert.strictEqual(time(ms), text)
    }
  )
})

describe("list", () => {
  it("names the first ones and counts the rest, escaped", () => {
    assert.strictEqual(list(["a", "b\x1b", "c"], 2), "a, b\\x1b and 1 more")
  })
})

describe("diff", () => {
  const patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\x1b[2J\n+new\n same\n"

  it("is the patch, escaped, where there is no colour", () => {
    assert.strictEqual(diff(patch, plain).text, patch.replace("\x1b", "\\x1b"))
  })

  it("colours what goes and what comes, and cuts where asked", () => {
    const { hidden, text } = diff(patch, coloured, 6)
    assert.strictEqual(hidden, 1)
    assert.include(text, "\x1b[31m-old\\x1b[2J\x1b[39m\n\x1b[32m+new\x1b[39m\n")
  })
})

describe("summary", () => {
  const ended: SessionSummary = {
    session: SessionId.make("s-test-0001"),
    outcome: "done",
    exitCode: 0,
    changed: ["src/a.js", "test/a.test.js"],
    summary: "Added a.\x1b[2J",
    verdict: { verdict: "green", reason: "", passed: 2, failed: 0, skipped: 1, files: [], failures: [] },
    necessity: null,
    usage: { input: 12_345, output: 678, cached: 90 },
    turns: 6,
    durationMs: 12_345
  }

  it("tells files, tests, tokens and time", () => {
    assert.strictEqual(
      summary(ended, plain),
      `
Done
│ Added a.\\x1b[2J

  files    src/a.js, test/a.test.js
  tests    green: 2 passed, 0 failed, 1 skipped
  tokens   12,345 in (90 cached), 678 out
  time     12.3 s, 6 turns
  session  s-test-0001
`
    )
  })

  it("asks for an install of one's own where a lockfile changed", () => {
    const text = summary({ ...ended, changed: ["src/a.js", "web/package-lock.json", "requirements.txt"] }, plain)
    assert.include(text, "  install  web/package-lock.json, requirements.txt changed: run your own install\n")
    assert.notInclude(summary(ended, plain), "install")
  })

  it("says that nothing was changed, tested or counted", () => {
    const nothing = {
      ...ended,
      outcome: "review",
      changed: [],
      verdict: null,
      usage: { input: 0, output: 0, cached: 0 },
      turns: 1
    } as const
    const text = summary(nothing, plain)
    for (const part of ["Held back", "the project is unchanged", "none was run", "not counted", "1 turn\n"]) {
      assert.include(text, part)
    }
  })
})

describe("a terminal", () => {
  const recorder = (isTTY: boolean) => {
    const written: Array<string> = []
    return { output: { isTTY, columns: 20, write: (text: string) => written.push(text) }, written }
  }

  it("erases the status line before text, and draws it again below", () => {
    const { output, written } = recorder(true)
    const terminal = makeTerminal(output, false)
    terminal.status("waiting")
    terminal.write("text\n")
    terminal.write("more\n")
    terminal.status("a status that is longer than the screen is wide")
    terminal.clear()
    assert.deepStrictEqual(written, [
      "\r\x1b[2Kwaiting",
      "\r\x1b[2K",
      "text\n",
      "more\n",
      "\r\x1b[2Ka status that is lo",
      "\r\x1b[2K"
    ])
  })

  it.each([
    ["漢字漢字漢字漢字漢字漢字", "漢字漢字漢字漢字漢"],
    ["a😀b😀c😀d😀e😀f😀g😀h", "a😀b😀c😀d😀e😀f😀g"],
    ["⠧ a · 漢字… 漢字漢字", "⠧ a · 漢字… 漢字漢"]
  ])("cuts the status %s where it would wrap, since a wrapped one stays", (text, shown) => {
    const { output, written } = recorder(true)
    makeTerminal(output, false).status(text)
    assert.deepStrictEqual(written, [`\r\x1b[2K${shown}`])
  })

  it.each([[false, false], [true, true]])(
    "never shows a status where it cannot be erased (terminal %s, dumb %s)",
    (isTTY, dumb) => {
      const { output, written } = recorder(isTTY)
      const terminal = makeTerminal(output, dumb)
      terminal.status("waiting")
      terminal.write("text\n")
      terminal.clear()
      assert.deepStrictEqual(written, ["text\n"])
    }
  )
})
