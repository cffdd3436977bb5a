import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { table as commands } from "../src/cli/table.ts"
import { fileKeys } from "../src/KernelConfig/ConfigFile.ts"
import { phaseTable } from "../src/StateMachine/phaseTable.ts"
import { diagram, table } from "./support/phaseDocs.ts"

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8")
const environmentNames = [...new Set(read("src/KernelConfig/environment.ts").match(/FLUFFY_[A-Z_]+[A-Z]/g))]
const page = read("docs/tdd.md")

describe("docs/tdd.md", () => {
  it("draws the phases as the code has them", () => {
    assert.include(page, diagram(phaseTable))
  })

  it("lists what each phase permits as the code has it", () => {
    assert.include(page, table(phaseTable))
  })
})

describe("docs/configuration.md", () => {
  it.each(Object.values(fileKeys))("lists the key %s", (key) => {
    assert.include(read("docs/configuration.md"), `| \`${key}\` |`)
  })

  it.each(environmentNames)("lists the variable %s", (name) => {
    assert.include(read("docs/configuration.md"), `\`${name}\``)
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
