import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import { layerMemory, type SandboxCommand, scripted, templateOf, templates } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import { suite } from "../contract/TemplateContract.ts"
import { requireRuntime } from "../support/require.ts"
import { run } from "../support/sandbox.ts"

describe("Sandbox templates", () => {
  it("name a profile that is shipped, and every shipped profile is some template's", () => {
    const shipped = readdirSync(join(packageRoot, "seccomp")).filter((name) => /^st.*\.json$/.test(name))
    const named = Object.values(templates).map(({ profile }) => `${profile}.json`)
    assert.deepStrictEqual(named.sort(), shipped.sort())
  })

  it("give a network to integration tests alone, and children to all but the strict one", () => {
    const having = (flag: "network" | "children") =>
      Object.entries(templates).filter(([, template]) => template[flag]).map(([name]) => name)
    assert.deepStrictEqual(having("network"), ["integration-test"])
    assert.deepStrictEqual(having("children"), ["code-executor", "integration-test"])
  })

  it("are code-executor where a command names none, and the strictest where it names none that exists", () => {
    assert.strictEqual(templateOf({}), templates["code-executor"])
    assert.strictEqual(templateOf({ template: "constructor" as never }), templates.strict)
  })

  it.effect("bound a scripted command like a real one", () =>
    Effect.gen(function*() {
      const seen: Array<SandboxCommand> = []
      const layer = layerMemory((command) => {
        seen.push(command)
        return scripted()
      })
      yield* Effect.provide(run(["true"], { template: "strict" }), layer)
      yield* Effect.provide(run(["true"], { template: "strict", limits: { processes: 3 } }), layer)
      yield* Effect.provide(run(["true"]), layer)
      assert.deepStrictEqual(seen.map(({ limits }) => limits.processes), [16, 3, 256])
    }))
})

if (requireRuntime("bubblewrap")) suite("Sandbox/Bubblewrap", Bubblewrap.layerLazy())
