import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { findProject } from "../../src/KernelConfig/project.ts"
import { prepareState } from "../../src/KernelConfig/stateDirectory.ts"
import { makePlaces } from "./places.ts"

describe("findProject", () => {
  it.scoped.each([
    { from: "work/project", root: "work/project" },
    { from: "work/project/src/deep", root: "work/project" },
    { from: "work/project/packages/a/src", root: "work/project/packages/a" },
    { from: "work/plain/folder", root: "work/plain/folder" },
    { from: "work/marked/folder", root: "work/marked" }
  ])("finds $root from $from", ({ from, root }) =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces({
        "work/project/packages/a/package.json": "{}",
        "work/marked/.fluffy/config.yaml": "",
        "package.json": "{}"
      })
      mkdirSync(join(home, from), { recursive: true })
      assert.strictEqual(yield* findProject(join(home, from), home), join(home, root))
    }))

  it.scoped("refuses the home directory, whatever is in it, and what holds it", () =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces({ ".git/HEAD": "" })
      assert.include((yield* Effect.flip(findProject(home, home))).message, "it is your home directory, not a project")
      for (const above of [dirname(home), "/"]) {
        assert.include((yield* Effect.flip(findProject(above, home))).message, "it holds far more than a project")
      }
      assert.include((yield* Effect.flip(findProject("/", undefined))).message, "far more")
    }))

  it.scoped("knows the home directory through a link", () =>
    Effect.gen(function*() {
      const { home, project } = yield* makePlaces()
      symlinkSync(home, join(project, "link"))
      assert.include((yield* Effect.flip(findProject(join(project, "link"), home))).message, "home directory")
      assert.include((yield* Effect.flip(findProject(home, join(project, "link")))).message, "home directory")
    }))

  it.scoped("says so when the folder is gone", () =>
    Effect.gen(function*() {
      const { home, project } = yield* makePlaces()
      rmSync(project, { recursive: true })
      assert.include((yield* Effect.flip(findProject(project, home))).message, "not there any more")
    }))
})

describe("prepareState", () => {
  it.scoped("makes a folder for its owner alone that git does not see, once", () =>
    Effect.gen(function*() {
      const { project } = yield* makePlaces()
      const state = join(project, ".fluffy/state")
      yield* prepareState(state)
      yield* prepareState(state)
      assert.strictEqual(statSync(state).mode & 0o777, 0o700)
      assert.strictEqual(readFileSync(join(state, ".gitignore"), "utf8"), "*\n")
    }))

  it.scoped("refuses state that a clone or an archive brought along", () =>
    Effect.gen(function*() {
      const { project } = yield* makePlaces({ "work/project/.fluffy/state/audit.db": "forged" })
      const state = join(project, ".fluffy/state")
      chmodSync(state, 0o755)
      const error = yield* Effect.flip(prepareState(state))
      assert.include(error.message, "it is open to others or belongs to someone else")
      assert.include(error.message, `rm -r ${state}`)
      assert.isFalse(existsSync(join(state, ".gitignore")))
    }))

  it.scoped("names no command that a folder's name could turn into another", () =>
    Effect.gen(function*() {
      const { home } = yield* makePlaces({ "work/$(id) it's/.fluffy/state/audit.db": "forged" })
      const state = join(home, "work/$(id) it's/.fluffy/state")
      chmodSync(state, 0o755)
      const [, told = ""] = /type: rm -r (.*)$/.exec((yield* Effect.flip(prepareState(state))).message) ?? []
      assert.strictEqual(execFileSync("sh", ["-c", `printf %s ${told}`], { encoding: "utf8" }), state)
    }))

  it.scoped.each([".fluffy", ".fluffy/state"])("refuses a link in the place of %s", (name) =>
    Effect.gen(function*() {
      const { home, project } = yield* makePlaces({ "elsewhere/state/x": "" })
      if (name !== ".fluffy") mkdirSync(join(project, ".fluffy"))
      symlinkSync(join(home, "elsewhere"), join(project, name))
      const error = yield* Effect.flip(prepareState(join(project, ".fluffy/state")))
      assert.include(error.message, "it is not a directory")
      assert.isFalse(existsSync(join(home, "elsewhere/state/.gitignore")))
    }))

  it.scoped("refuses a file in its place", () =>
    Effect.gen(function*() {
      const { project } = yield* makePlaces()
      writeFileSync(join(project, ".fluffy"), "")
      assert.include((yield* Effect.flip(prepareState(join(project, ".fluffy/state")))).message, "not a directory")
    }))
})
