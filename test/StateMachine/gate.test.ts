import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { Change } from "../../src/domain/Change.ts"
import { canCall, initial, permits, permitsAll, type SessionState } from "../../src/StateMachine.ts"
import * as Given from "./fixtures.ts"

const { classify, directory, link, remove, rename, run, session, write } = Given

const states = {
  idle: run([]),
  planning: run(Given.inPlanning),
  test_writing: run(Given.inTestWriting),
  coding: run(Given.inCoding),
  green: run(Given.inGreen),
  refactoring: run(Given.inRefactoring),
  reviewing: run(Given.inReviewing),
  done: run([...Given.inReviewing, Given.approved]),
  failed: run([...Given.inPlanning, Given.broken]),
  "a run from test_writing": run([...Given.inTestWriting, Given.started]),
  "a run from coding": run([...Given.inCoding, Given.started])
}

const table: Record<keyof typeof states, string> = {
  idle: "",
  planning: "test exempt",
  test_writing: "test exempt",
  coding: "source exempt",
  green: "test source exempt",
  refactoring: "source exempt",
  reviewing: "",
  done: "",
  failed: "",
  "a run from test_writing": "test exempt",
  "a run from coding": "source exempt"
}

const sample = { test: "test/b.test.js", exempt: "README.md", source: "src/b.js", secret: ".env" }

const reason = (state: SessionState, ...changes: ReadonlyArray<Change>) =>
  Option.getOrNull(Option.map(permitsAll(state, changes, classify), (refusal) => refusal.reason))

describe("permits", () => {
  for (const [name, state] of Object.entries(states)) {
    it(`lets ${table[name as keyof typeof states] || "nothing"} be written in ${name}`, () => {
      for (const [kind, path] of Object.entries(sample)) {
        for (
          const change of [write(path), remove(path), rename(path, `${path}x`), {
            ...write(path),
            kind: "mode" as const
          }]
        ) {
          if (change.kind === "rename" && classify(change.path) !== kind) continue
          const expected = table[name as keyof typeof states].split(" ").includes(kind)
          assert.strictEqual(Option.isNone(permits(state, change, classify)), expected, `${change.kind} ${path}`)
        }
      }
    })
  }

  it("says what was refused, in which phase, and what is possible now", () => {
    const refusal = Option.getOrThrow(permits(states.planning, write("src/a.js"), classify))
    assert.strictEqual(refusal.reason, "src/a.js is a source file, which is not written in phase planning")
    assert.include(refusal.possible, "Write a test for the task and run the tests")
  })

  it("judges both paths of a rename", () => {
    assert.isNotNull(reason(states.planning, rename("src/a.js", "test/a.js")))
    assert.isNotNull(reason(states.planning, rename("test/a.js", "src/a.js")))
    assert.isNotNull(reason(states.coding, rename("test/a.test.js", "src/old.js")))
    assert.isNull(reason(states.coding, rename("src/a.js", "src/b.js")))
  })

  it("names the lock when the test that went red is touched", () => {
    assert.include(reason(states.coding, write("test/a.test.js", "weak")), "locked")
    assert.include(reason(states.coding, remove("test/a.test.js")), "locked")
    assert.include(reason(states.refactoring, rename("test/a.test.js", "src/x.js")), "locked")
  })

  it("refuses a link in the place of a test, since its content could change unseen", () => {
    assert.include(reason(states.planning, link("test/b.test.js")), "link")
    assert.isNull(reason(states.planning, link("docs/a.md")))
  })

  it("refuses tests and sources in one step in green", () => {
    assert.include(reason(states.green, write("test/a.test.js", "x"), write("src/a.js")), "in one step")
    assert.include(reason(states.green, rename("test/old.js", "src/old.js")), "in one step")
    assert.isNull(reason(states.green, write("test/a.test.js", "x"), write("README.md")))
  })

  it("refuses a whole set for one path", () => {
    assert.isNotNull(reason(states.planning, write("test/a.js"), write("README.md"), write("src/a.js")))
  })

  it("does not take a directory for a source, but a file that replaces one", () => {
    assert.isNull(reason(states.planning, directory("test"), write("test/a.js")))
    const replaced: Change = { ...write("src"), kind: "modify", before: directory("src").after }
    assert.isNotNull(reason(states.planning, replaced))
    assert.isNotNull(reason(states.idle, directory("test")))
  })

  it("lets nothing be written in explore mode", () => {
    const explore = run(Given.inPlanning, initial(session, "explore"))
    for (const path of Object.values(sample)) assert.isNotNull(reason(explore, write(path)), path)
  })

  it("lifts the gate in debug mode while work goes on, and not under review", () => {
    const debug = run([...Given.inCoding, Given.mode("debug")])
    assert.isNull(reason(debug, write("test/a.test.js", "x"), write("src/a.js")))
    assert.isNotNull(reason(run([Given.completed], debug), write("src/a.js")))
  })
})

describe("canCall", () => {
  const able = (state: SessionState, tool: Parameters<typeof canCall>[1]) => Option.isNone(canCall(state, tool))

  it("lets files be read in every phase", () => {
    for (const state of Object.values(states)) {
      assert.isTrue(able(state, "fs.read") && able(state, "search.grep") && able(state, "fs.exists"))
    }
  })

  it("lets the other tools be used only while work goes on", () => {
    for (const [name, state] of Object.entries(states)) {
      const working = ["planning", "test_writing", "coding", "green", "refactoring"].includes(name)
      for (const tool of ["test.run", "shell.exec", "fs.write", "fs.edit"] as const) {
        assert.strictEqual(able(state, tool), working, `${tool} in ${name}`)
      }
    }
  })

  it("lets the task be completed from green, and from planning without tests or sources", () => {
    const can = Object.entries(states).filter(([, state]) => able(state, "task.complete")).map(([name]) => name)
    assert.deepStrictEqual(can, ["planning", "green"])
  })

  it("lets an explorer read, run and answer, and not write", () => {
    const explore = run(Given.inPlanning, initial(session, "explore"))
    assert.isTrue(able(explore, "task.complete") && able(explore, "shell.exec"))
    assert.isFalse(able(explore, "fs.write") || able(explore, "fs.edit"))
  })
})
