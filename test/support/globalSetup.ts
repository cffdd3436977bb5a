import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { table } from "../Sandbox/hostile/outcomes.ts"

/** Gives the run a place for the outcomes of the hostile suite, and prints their table when it is over. */
export default (project: TestProject): (() => void) | undefined => {
  const given = process.env["FLUFFY_TEST_OUTCOMES"]
  if (given !== undefined) return void project.provide("outcomes", given)
  const directory = mkdtempSync(join(tmpdir(), "hostile-outcomes-"))
  project.provide("outcomes", directory)
  return () => {
    const text = table(directory)
    if (text !== undefined) process.stdout.write(`\n${text}\n\n`)
    rmSync(directory, { recursive: true, force: true })
  }
}
