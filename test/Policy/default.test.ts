import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import { defaults } from "../../src/KernelConfig.ts"
import { Policy, type PolicyRequest } from "../../src/Policy.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"

const directories = [{ layer: "shipped", directory: join(packageRoot, "policies") }] as const
const shipped = Yaml.layer({ directories })

const request = (action: PolicyRequest["action"], rest: Partial<PolicyRequest> = {}): PolicyRequest => ({
  action,
  phase: "coding",
  mode: "strict",
  ...rest
})

const effectOf = (asked: PolicyRequest) =>
  Effect.map(Effect.flatMap(Policy, (policy) => policy.decide(asked)), ({ effect }) => effect)

/** A file name that fits a gitignore pattern of the simple kinds that the configuration uses. */
const nameFor = (pattern: string) =>
  pattern.replace(/^\*\*\//, "").replace(/\/\*\*$|\/$/, "/x").replaceAll("*", "x").replaceAll("?", "x")

it.effect("loads whole, without a warning, every rule with examples both ways", () =>
  Effect.gen(function*() {
    const { rules, warnings } = yield* Yaml.load(directories)
    assert.deepStrictEqual(warnings, [])
    for (const { rule } of rules) {
      assert.isNotEmpty(rule.examples?.match, rule.name)
      assert.isNotEmpty(rule.examples?.no_match, rule.name)
    }
  }))

it.layer(shipped)("the shipped policy", (it) => {
  it.effect.each([
    request("fs.list", { path: "." }),
    request("fs.read", { path: "src/a.ts" }),
    request("search.grep", { path: "." }),
    request("search.glob", {}),
    request("fs.exists", { path: ".env" }),
    request("fs.write", { path: "test/a.test.ts", phase: "planning" }),
    request("change", { path: "test/a.test.ts", tool: "fs.write" }),
    request("test.run"),
    request("fs.edit", { path: "src/a.ts" }),
    request("change", { path: "package.json", tool: "shell.exec" }),
    request("shell.exec", { command: "sed", args: ["-i", "s/a/b/", "src/a.ts"] }),
    request("task.complete", { phase: "green" }),
    request("merge", { path: "src/a.ts", phase: "reviewing" }),
    request("merge", { path: "docs/a.md", phase: "reviewing" })
  ])("lets a normal task do $action $path", (asked) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* effectOf(asked), "allow")
    }))

  it.effect("denies reading and writing whatever the configuration calls secret", () =>
    Effect.gen(function*() {
      for (const pattern of defaults.secrets.filter((pattern) => !pattern.startsWith("!"))) {
        for (const action of ["fs.read", "search.grep", "fs.write", "fs.edit", "change", "merge"] as const) {
          assert.strictEqual(
            yield* effectOf(request(action, { path: nameFor(pattern) })),
            "deny",
            `${action} ${pattern}`
          )
          assert.strictEqual(
            yield* effectOf(request(action, { path: `a/b/${nameFor(pattern)}` })),
            "deny",
            `${action} ${pattern}`
          )
        }
      }
    }))

  it.effect("asks a human about an install, and lets it reach its registry", () =>
    Effect.gen(function*() {
      const host = "registry.npmjs.org:443"
      assert.strictEqual(
        yield* effectOf(request("deps.install", { path: ".", tool: "deps.install" })),
        "require_review"
      )
      assert.strictEqual(yield* effectOf(request("network.connect", { host, tool: "deps.install" })), "allow")
      assert.strictEqual(yield* effectOf(request("network.connect", { host, tool: "shell.exec" })), "deny")
    }))

  it.effect("reads an example of a secret file", () =>
    Effect.gen(function*() {
      for (const pattern of defaults.secrets.filter((pattern) => pattern.startsWith("!"))) {
        assert.strictEqual(yield* effectOf(request("fs.read", { path: nameFor(pattern.slice(1)) })), "allow")
      }
    }))

  it.effect("never merges what the configuration calls sensitive without a human", () =>
    Effect.gen(function*() {
      for (const pattern of defaults.sensitive) {
        assert.notStrictEqual(yield* effectOf(request("merge", { path: nameFor(pattern) })), "allow", pattern)
        assert.strictEqual(yield* effectOf(request("fs.read", { path: nameFor(pattern) })), "allow", pattern)
      }
    }))

  it.effect("answers a command that cannot work in the sandbox with what to do instead", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const decision = yield* policy.decide(
        request("shell.exec", { command: "/usr/bin/git", args: ["commit", "-m", "x"] })
      )
      assert.strictEqual(decision.effect, "deny")
      assert.include(decision.reason, "finish the task")
      assert.strictEqual(yield* effectOf(request("shell.exec", { command: "git", args: ["diff"] })), "allow")
    }))
})

it.effect("allows nothing when the shipped folder is missing", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* effectOf(request("fs.read", { path: "src/a.ts" })), "deny")
  }).pipe(
    Effect.provide(Layer.fresh(Yaml.layer({ directories: [{ layer: "shipped", directory: "/nowhere/policies" }] })))
  ))
