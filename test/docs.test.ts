import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { help } from "../src/cli/help.ts"
import { table as commands } from "../src/cli/table.ts"
import { Outcome, SessionEvent } from "../src/domain/SessionEvent.ts"
import { fileKeys } from "../src/KernelConfig/ConfigFile.ts"
import { readConfigFile } from "../src/KernelConfig/readConfigFile.ts"
import { parseRules } from "../src/Policy/parseRules.ts"
import { phaseTable } from "../src/StateMachine/phaseTable.ts"
import { makePlaces } from "./KernelConfig/places.ts"
import { diagram, table } from "./support/phaseDocs.ts"

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8")
const environmentNames = [...new Set(read("src/KernelConfig/environment.ts").match(/FLUFFY_[A-Z_]+[A-Z]/g))]
const page = read("docs/tdd.md")
const pages = [
  "README.md",
  ...readdirSync(new URL("../docs", import.meta.url)).filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
]

/** The examples of all pages in one language, each with the page it stands on. */
const examples = (language: string) =>
  pages.flatMap((file) =>
    [...read(file).matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(([, text = ""], index) => ({
      name: `${file}, number ${index + 1}`,
      text
    }))
  )
const isRules = ({ text }: { readonly text: string }) => text.startsWith("version: 1\n")

describe("docs/tdd.md", () => {
  it("draws the phases as the code has them", () => {
    assert.include(page, diagram(phaseTable))
  })

  it("lists what each phase permits as the code has it", () => {
    assert.include(page, table(phaseTable))
  })
})

describe("docs/scripting.md", () => {
  const rows = [...read("docs/scripting.md").matchAll(/^\| `([a-z_]+\.?[a-z]*)` \| (`[a-z][^|]*) \|/gm)]
  const inAll = new Set(["type", "at", "session"])
  const events = SessionEvent.members.map(({ fields }) => {
    const own = Object.entries<{ readonly ast: object }>(fields).filter(([name]) => !inAll.has(name))
    const names = own.map(([name, { ast }]) => `\`${name}${"type" in ast ? "?" : ""}\``)
    return [fields.type.literals[0], names.join(" ")]
  })

  it("lists every event and its fields as the code has them", () => {
    assert.deepStrictEqual(rows.map(([, type, fields]) => [type, fields]), events)
  })

  it("names every outcome, and every command that has --json", () => {
    const text = read("docs/scripting.md")
    for (const outcome of Outcome.literals) assert.include(text, `\`${outcome}\``)
    const names = Object.entries(commands).flatMap(([name, { flags }]) =>
      "json" in flags && name !== "run" ? [name] : []
    )
    for (const name of names.filter((name) => !["tool", "policy revoke"].includes(name))) {
      assert.match(text, new RegExp(`^\\| [^|]*\`${name}\`[^|]* \\|`, "m"))
    }
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

describe("the examples of the documentation", () => {
  it.effect.each(examples("yaml").filter(isRules))(
    "hold rules that load: $name",
    ({ name, text }) => Effect.asVoid(parseRules(name, text, "user"))
  )

  it.scoped.each(examples("yaml").filter((example) => !isRules(example)))(
    "hold settings that load: $name",
    ({ text }) =>
      Effect.gen(function*() {
        const { home } = yield* makePlaces({ "config.yaml": text })
        assert.isNotEmpty(Object.keys((yield* readConfigFile(join(home, "config.yaml"), "user"))?.given ?? {}))
      })
  )
})

describe("README.md", () => {
  it("says of exit codes what help says", () => {
    const rows = [...read("README.md").matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, what]) => `${code} ${what}`)
    assert.isAbove(rows.length, 8)
    const [, told = ""] = help().split("Exit codes:\n")
    assert.deepStrictEqual(rows, told.split("\n\n")[0]!.split("\n").map((line) => line.trim().replace(/ +/, " ")))
  })

  it.each(Object.values(commands).map((command) => command.usage))("names the command %s", (usage) => {
    assert.include(read("README.md"), `fluffy ${usage}`)
  })

  it.each(Object.keys(commands.run.flags))("names the flag --%s of a task", (flag) => {
    assert.include(read("README.md"), `--${flag}`)
  })
})
