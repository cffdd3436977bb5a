import { assert, describe, it } from "@effect/vitest"
import { help, helpOf, helpOfFamily } from "../../src/cli/help.ts"
import { type CommandName, table } from "../../src/cli/table.ts"
import { Mode, Phase } from "../../src/domain/Phase.ts"
import { defaults, SandboxChoice } from "../../src/KernelConfig.ts"
import { exitCodes } from "../../src/Orchestrator.ts"

const names = Object.keys(table) as ReadonlyArray<CommandName>
const oneLine = (text: string) => text.replace(/\s+/g, " ")

describe("help", () => {
  it("names every command and what it is for", () => {
    for (const name of names) {
      assert.include(help(), `fluffy ${table[name].usage}`)
      assert.include(oneLine(help()), table[name].summary)
    }
  })

  it.each(names.map((name) => ({ name })))("of $name names every flag it takes", ({ name }) => {
    const text = oneLine(helpOf(name))
    for (const flag of [...Object.keys(table[name].flags), "help", "verbose"]) assert.include(text, `--${flag}`)
    assert.include(text, table[name].usage)
  })

  it("of a family names its members and no others", () => {
    assert.include(helpOfFamily("audit"), "fluffy audit verify")
    assert.notInclude(helpOfFamily("audit"), "fluffy policy")
  })

  it("fits a terminal of 100 columns", () => {
    for (const text of [help(), ...names.map(helpOf)]) {
      for (const line of text.split("\n")) assert.isAtMost(line.length, 100, line)
    }
  })

  it("says of exit codes what the kernel gives", () => {
    for (const code of [...Object.values(exitCodes), 2, 7, 9]) assert.match(help(), new RegExp(`^  ${code}\\s`, "m"))
  })

  it("says of defaults and choices what the configuration has", () => {
    const { flags } = table.run
    assert.include(flags["max-turns"].help, `(${defaults.maxTurns})`)
    assert.include(flags["max-tokens"].help, `(${defaults.maxTokens})`)
    assert.include(flags.mode.help, `(${defaults.mode})`)
    assert.include(flags.sandbox.help, `(${defaults.sandbox})`)
    assert.deepStrictEqual<ReadonlyArray<string>>([...flags.mode.choices].toSorted(), [...Mode.literals].toSorted())
    assert.includeMembers([...SandboxChoice], [...flags.sandbox.choices])
    assert.deepStrictEqual<ReadonlyArray<string>>(table["policy explain"].flags.phase.choices, Phase.literals)
  })
})
