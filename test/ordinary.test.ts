import { assert, describe, it } from "@effect/vitest"
import { inject } from "vitest"
import { asOrdinaryUser, requireOrdinary, type Told } from "./support/ordinary.ts"
import { isRoot } from "./support/sandbox.ts"

/** What must hold for an ordinary user too: every sandbox that such a user has, and the stage it works on. */
const files = [
  "test/Sandbox.test.ts",
  "test/Sandbox/Bubblewrap.test.ts",
  "test/Sandbox/Podman.test.ts",
  "test/Sandbox/changes.test.ts",
  "test/Sandbox/hostile.test.ts",
  "test/Sandbox/lifecycle.test.ts",
  "test/Sandbox/limits.test.ts",
  "test/Sandbox/Template.test.ts",
  "test/Workspace.test.ts",
  "test/cli/doctor.test.ts"
]

// Run while tests are collected, since each of its tests is one of ours.
const told: ReadonlyArray<Told> = requireOrdinary() ? await asOrdinaryUser(files, inject("outcomes")) : []

describe("as an ordinary user", () => {
  for (const { message, name, passed } of told) it(name, () => assert.isTrue(passed, message))

  it.skipIf(isRoot && told.length === 0)("every file is run", () => {
    // An ordinary user has just run them all, beside this file.
    if (isRoot) assert.isAbove(told.length, files.length)
    else assert.notStrictEqual(process.getuid!(), 0)
  })
})
