import { assert, it } from "@effect/vitest"
import { commandTest } from "../../src/Policy/commandTest.ts"

it.each([
  ["git", "git", true, true],
  ["git", "/usr/bin/git", false, true],
  ["git", "./git", false, true],
  ["git", "../../git", false, true],
  ["git", "gitk", false, false],
  ["git", "git/x", false, false],
  ["git", "", false, false],
  ["git", "git/", false, false],
  ["python*", "python3.11", true, true],
  ["python*", "/opt/python3", false, true],
  ["python*", "cpython", false, false],
  ["./run.sh", "./run.sh", true, true],
  ["./run.sh", "././run.sh", false, true],
  ["./run.sh", "a/../run.sh", false, true],
  ["./run.sh", "other/run.sh", false, false],
  ["*", "anything", true, true],
  ["*", "/bin/anything", false, true],
  ["[gh]it", "hit", true, true],
  ["!git", "git", false, false],
  ["!git", "!git", true, true]
])("takes %j for %j: narrowly %s, widely %s", (name, command, narrow, wide) => {
  assert.strictEqual(commandTest([name], false)(command), narrow)
  assert.strictEqual(commandTest([name], true)(command), wide)
})

it("takes no command for an empty list", () => {
  assert.isFalse(commandTest([], true)("git"))
})
