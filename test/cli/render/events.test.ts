import { assert, describe, it } from "@effect/vitest"
import { makeRenderer } from "../../../src/cli/render/events.ts"
import { coloured, plain, type Style } from "../../../src/cli/render/style.ts"
import type { SessionEvent } from "../../../src/domain/SessionEvent.ts"
import { SessionId } from "../../../src/domain/SessionId.ts"

type Without<T> = T extends unknown ? Omit<T, "at" | "session"> : never

const session = SessionId.make("s-test-0001")
const render = (events: ReadonlyArray<Without<SessionEvent>>, style: Style = plain): string => {
  const renderer = makeRenderer(style)
  return events.map((event) => renderer.event({ ...event, at: "2026-01-01T00:00:00.000Z", session } as SessionEvent))
    .join("")
}

const started = (id: string, name: string, summary: string) => ({ type: "tool.started", id, name, summary }) as const
const finished = (id: string, name: string, more: object = {}) =>
  ({ type: "tool.finished", id, name, outcome: "ok", durationMs: 3.4, overheadMs: 0.2, ...more }) as Without<
    SessionEvent
  >
const verdict = (verdict: "red" | "green" | "none", more: object = {}) =>
  ({ type: "test.verdict", verdict, reason: "why", passed: 2, failed: 0, skipped: 0, files: [], ...more }) as Without<
    SessionEvent
  >

describe("a session as a person reads it", () => {
  it("says which sandbox was taken, and why where it was chosen", () => {
    const sandboxReason = ".devcontainer.json names the image a/b:1"
    assert.strictEqual(
      render([{ type: "session.started", task: "t", mode: "strict", model: "m", sandbox: "docker", sandboxReason }]),
      "fluffy strict · m · docker (.devcontainer.json names the image a/b:1) · s-test-0001\n"
    )
  })

  it("tells what no test demands, and what it waits for meanwhile", () => {
    const hunk = { path: "src/a\x1b.js", lines: "3-4", added: 2, removed: 0 }
    const checked = (undemanded: ReadonlyArray<typeof hunk>, counts: object) =>
      render([{ type: "necessity.checked", checked: 2, unchecked: 0, undemanded, ...counts }])
    assert.strictEqual(
      checked([hunk], { unchecked: 3 }),
      `  needless tests pass without 1 of 2 source hunks (3 more not checked):
           src/a\\x1b.js:3-4 (+2 -0)
`
    )
    assert.strictEqual(checked([], {}), "  needed   tests fail without any of 2 source hunks\n")
    assert.strictEqual(checked([], { checked: 0 }), "")
    const { event, standing } = makeRenderer(plain)
    const more = { at: "", session }
    event({ type: "necessity.progress", done: 1, total: 4, hunk, ...more })
    assert.strictEqual(standing().waitingFor, "the tests without hunk 2 of 4")
    event({ type: "necessity.checked", checked: 4, unchecked: 0, undemanded: [], ...more })
    assert.strictEqual(standing().waitingFor, "the model")
  })

  it("shows text, calls, phases and verdicts, each on lines of its own", () => {
    assert.strictEqual(
      render([
        { type: "session.started", task: "t", mode: "strict", model: "openai/x", sandbox: "bubblewrap" },
        { type: "phase.changed", from: "idle", to: "planning" },
        { type: "text.delta", text: "I look " },
        { type: "text.delta", text: "first." },
        started("1", "fs.read", "src/a.js"),
        started("2", "fs.list", "."),
        finished("2", "fs.list"),
        finished("1", "fs.read"),
        { type: "text.delta", text: "Now a test.\n" },
        finished("3", "fs.write", {
          outcome: "refused",
          by: "phase planning",
          detail: "Refused by phase planning: no"
        }),
        finished("4", "fs.edit", { outcome: "failed", detail: "The old text is not there", durationMs: 1500 }),
        { type: "usage", input: 10, output: 5, cached: 0 },
        { type: "notice", level: "warning", text: "trying again" }
      ]),
      `fluffy strict · openai/x · bubblewrap · s-test-0001
  phase    idle -> planning

│ I look first.

  ok       fs.list . (3 ms)
  ok       fs.read src/a.js (3 ms)

│ Now a test.

  refused  fs.write (3 ms)  Refused by phase planning: no
  failed   fs.edit (1.5 s)  The old text is not there
  warning  trying again
`
    )
  })

  it("tells a verdict before the phase it leads to, and leaves the phase of the run out", () => {
    assert.strictEqual(
      render([
        { type: "phase.changed", from: "planning", to: "test_writing" },
        { type: "phase.changed", from: "test_writing", to: "test_running" },
        { type: "phase.changed", from: "test_running", to: "coding" },
        verdict("red", { failed: 1, skipped: 3 }),
        { type: "phase.changed", from: "coding", to: "test_running" },
        { type: "phase.changed", from: "test_running", to: "coding" },
        verdict("none", { reason: "no tests found", passed: 0 }),
        { type: "phase.changed", from: "test_running", to: "green" },
        { type: "session.finished", outcome: "done", exitCode: 0, changed: [], summary: "" }
      ]),
      `  phase    idle -> test_writing
  RED      1 failed, 2 passed, 3 skipped: why
  phase    test_writing -> coding
  no test  0 passed: no tests found
  phase    coding -> green
`
    )
  })

  it("says red and green in words and in colour", () => {
    assert.include(render([verdict("red")], coloured), "\x1b[31mRED")
    assert.include(render([verdict("green")], coloured), "\x1b[32mGREEN")
    assert.strictEqual(render([verdict("green")], coloured).replace(/\x1b\[\d+m/g, ""), render([verdict("green")]))
  })

  it("lets no text of the model, of a path or of a tool act on the terminal", () => {
    const evil = "\x1b[2J\x1b]0;owned\x07\u202e\r\x9b31m\nok       forged line"
    const text = render([
      { type: "session.started", task: evil, mode: evil, model: evil, sandbox: evil, sandboxReason: evil },
      { type: "text.delta", text: evil.slice(0, 3) },
      { type: "text.delta", text: evil.slice(3) },
      started("1", evil, evil),
      finished("1", evil, { outcome: "failed", detail: evil, by: evil }),
      verdict("none", { reason: evil }),
      { type: "review.requested", reason: evil, diff: evil },
      { type: "notice", level: "info", text: evil }
    ])
    assert.notMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    assert.notMatch(text, /^\s*ok {7}forged/m)
  })

  it("marks every line of the model's, so that none passes for one of the kernel's", () => {
    const forged = "a\n  GREEN    9 passed\n\n  phase    coding -> done\n"
    for (const size of [1, 2, 7, 100]) {
      const pieces = forged.match(new RegExp(`[^]{1,${size}}`, "g"))!
      const text = render(pieces.map((text) => ({ type: "text.delta", text })))
      assert.strictEqual(text, "\n│ a\n│   GREEN    9 passed\n│ \n│   phase    coding -> done\n")
    }
  })

  it("begins a turn's text on a line of its own", () => {
    const usage = { type: "usage", input: 1, output: 1, cached: 0 } as const
    const text = render([
      { type: "text.delta", text: "One." },
      usage,
      usage,
      { type: "text.delta", text: "Two." },
      usage
    ])
    assert.strictEqual(text, "\n│ One.\n│ Two.\n")
  })

  it("keeps a character whole that comes in two pieces", () => {
    assert.strictEqual(
      render([{ type: "text.delta", text: "\ud83d" }, { type: "text.delta", text: "\ude00" }]),
      "\n│ 😀"
    )
  })

  it("tells an interruption, which has no summary of its own", () => {
    const finished = { type: "session.finished", exitCode: 130, changed: [], summary: "Nothing is merged" } as const
    assert.strictEqual(render([{ ...finished, outcome: "interrupted" }]), "  stopped  Nothing is merged\n")
    assert.strictEqual(render([{ ...finished, outcome: "done" }]), "")
  })

  it("knows what is being waited for", () => {
    const renderer = makeRenderer(plain)
    const show = (event: Without<SessionEvent>) => renderer.event({ ...event, at: "", session } as SessionEvent)
    assert.deepInclude(renderer.standing(), { waitingFor: "the model", atLineStart: true })
    show(started("1", "test.run", ""))
    assert.strictEqual(renderer.standing().waitingFor, "test.run")
    show(started("2", "fs.read", "a"))
    assert.strictEqual(renderer.standing().waitingFor, "2 calls")
    show({ type: "text.delta", text: "in a line" })
    assert.isFalse(renderer.standing().atLineStart)
  })
})
