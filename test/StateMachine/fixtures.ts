import type { Change, Content } from "../../src/domain/Change.ts"
import { ProjectPath } from "../../src/domain/ProjectPath.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import type { TestCase, Verdict } from "../../src/domain/Verdict.ts"
import { initial, makeClassify, type SessionState, type StateEvent, transition } from "../../src/StateMachine.ts"

export const path = (text: string) => ProjectPath.make(text)
export const session = SessionId.make("s-one")

/** The patterns of the design, and a few secrets. */
export const classify = makeClassify({
  tests: ["*.test.*", "*.spec.*", "*_test.*", "test_*.py", "/test/**", "/tests/**", "**/__tests__/**", "/spec/**"],
  exempt: ["*.md", "*.txt", "*.json", "*.yml", "*.yaml", "*.toml", "Dockerfile*", ".dockerignore", ".gitignore"],
  secrets: [".env", ".env.*", "!.env.example", "*.key", ".env.d/"]
})

const content = (sha256: string, kind: Content["kind"] = "file"): Content => ({
  kind,
  executable: false,
  size: 1,
  sha256
})

export const write = (to: string, sha256 = "h1"): Change => ({
  kind: "create",
  path: path(to),
  before: null,
  after: content(sha256)
})
export const remove = (at: string): Change => ({ kind: "delete", path: path(at), before: content("h0"), after: null })
export const rename = (from: string, to: string): Change => ({
  kind: "rename",
  path: path(to),
  from: path(from),
  before: content("h0"),
  after: content("h0")
})
export const link = (at: string): Change => ({ ...write(at), after: content("target", "symlink") })
export const directory = (at: string): Change => ({ ...write(at), after: content("", "directory") })

export const testCase = (file: string | null, name: string, status: TestCase["status"]): TestCase => ({
  file: file === null ? null : path(file),
  name,
  status
})

export const verdict = (kind: Verdict["verdict"], failures: ReadonlyArray<TestCase> = []): Verdict => ({
  verdict: kind,
  reason: "",
  passed: kind === "green" ? 1 : 0,
  failed: failures.length,
  skipped: 0,
  files: [],
  failures
})

export const submitted: StateEvent = { _tag: "TaskSubmitted" }
export const completed: StateEvent = { _tag: "TaskCompleted" }
export const started: StateEvent = { _tag: "TestRunStarted" }
export const approved: StateEvent = { _tag: "ReviewApproved" }
export const rejected: StateEvent = { _tag: "ReviewRejected", reason: "no" }
export const broken: StateEvent = { _tag: "SessionFailed", reason: "no" }
export const accept = (...changes: ReadonlyArray<Change>): StateEvent => ({ _tag: "ChangesAccepted", changes })
export const finished = (of: Verdict): StateEvent => ({ _tag: "TestRunFinished", verdict: of })
export const mode = (to: SessionState["mode"]): StateEvent => ({ _tag: "ModeChanged", mode: to, by: "human" })

export const red = finished(verdict("red", [testCase("test/a.test.js", "adds", "failed")]))
export const green = finished(verdict("green"))
export const none = finished(verdict("none"))

/** The state after these events; throws when one is refused. */
export const run = (events: ReadonlyArray<StateEvent>, from: SessionState = initial(session, "strict")): SessionState =>
  events.reduce((state, event) => {
    const next = transition(state, event, classify)
    if (next._tag === "Left") throw next.left
    return next.right
  }, from)

export const inPlanning = [submitted]
export const inTestWriting = [...inPlanning, accept(write("test/a.test.js"))]
export const inCoding = [...inTestWriting, started, red]
export const inGreen = [...inCoding, accept(write("src/a.js")), started, green]
export const inRefactoring = [...inGreen, accept(write("src/a.js", "h2"))]
export const inReviewing = [...inGreen, completed]
