import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { phaseTable } from "../src/StateMachine/phaseTable.ts"
import { diagram, table } from "./support/phaseDocs.ts"

const page = readFileSync(new URL("../docs/tdd.md", import.meta.url), "utf8")

describe("docs/tdd.md", () => {
  it("draws the phases as the code has them", () => {
    assert.include(page, diagram(phaseTable))
  })

  it("lists what each phase permits as the code has it", () => {
    assert.include(page, table(phaseTable))
  })
})
