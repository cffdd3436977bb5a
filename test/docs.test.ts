import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { table as commands } from "../src/cli/table.ts"
import { phaseTable } from "../src/StateMachine/phaseTable.ts"
import { diagram, table } from "./support/phaseDocs.ts"

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8")
const page = read("docs/tdd.md")

describe("docs/tdd.md", () => {
  it("draws the phases as the code has them", () => {
    assert.include(page, diagram(phaseTable))
  })

  it("lists what each phase permits as the code has it", () => {
    assert.include(page, table(phaseTable))
  })
})

describe("README.md", () => {
  it.each(Object.values(commands).map((command) => command.usage))("names the command %s", (usage) => {
    assert.include(read("README.md"), `fluffy ${usage}`)
  })

  it.each(Object.keys(commands.run.flags))("names the flag --%s of a task", (flag) => {
    assert.include(read("README.md"), `--${flag}`)
  })
})
