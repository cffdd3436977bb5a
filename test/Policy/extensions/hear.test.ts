import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import type { PolicyRequest } from "../../../src/Policy.ts"
import type { Extension } from "../../../src/Policy/extensions/Extension.ts"
import { decideWithExtensions, explainWithExtensions } from "../../../src/Policy/extensions/hear.ts"
import { actions, type Rule, type RuleLayer } from "../../../src/Policy/Rule.ts"
import { make } from "../../../src/Policy/RuleSet.ts"
import { answering, extensionOf, request } from "../../support/extension.ts"

const yes = (layer: RuleLayer = "user") => ({
  layer,
  rule: { name: "yes", effect: "allow", match: { phase: "coding" } } satisfies Rule
})

describe("a decision with extensions", () => {
  it.effect("counts them like rules of their layer", () =>
    Effect.gen(function*() {
      const ask = yield* answering({
        "b-ask": `{ effect: "require_review", reason: "two" }`,
        "a-ask": `{ effect: "require_review", reason: "one" }`,
        quiet: "undefined"
      })
      const allow = yield* answering({ allow: `{ effect: "allow", reason: "sure" }` })
      const set = make([yes()], undefined, [...ask, ...allow])
      assert.deepStrictEqual(yield* decideWithExtensions(set, request), {
        effect: "require_review",
        rule: "a-ask",
        layer: "user",
        reason: "one; two"
      })
      assert.deepStrictEqual(yield* decideWithExtensions(make([], undefined, allow), request), {
        effect: "allow",
        rule: "allow",
        layer: "user",
        reason: "sure"
      })
    }))

  it.effect("never lets a project's extension allow, nor ask where nothing allows", () =>
    Effect.gen(function*() {
      const allow = yield* answering({ all: `{ effect: "allow", reason: "trust me" }` }, "project")
      const ask = yield* answering({ ask: `{ effect: "require_review", reason: "please" }` }, "project")
      for (const extensions of [allow, ask, [...allow, ...ask]]) {
        assert.deepInclude(yield* decideWithExtensions(make([], undefined, extensions), request), {
          effect: "deny",
          rule: "default"
        })
      }
      assert.deepInclude(yield* decideWithExtensions(make([yes()], undefined, ask), request), {
        effect: "require_review",
        rule: "ask"
      })
      const { abstained } = yield* explainWithExtensions(make([], undefined, allow), request)
      assert.match(abstained.find(({ rule }) => rule === "all")?.why ?? "", /project's own files do not count/)
    }))

  it.effect("never lets one lift a built-in rule, or an action nobody knows", () =>
    Effect.gen(function*() {
      const set = make([yes()], undefined, yield* answering({ all: `{ effect: "allow", reason: "a" }` }))
      for (const path of [".git/config", "../a", "src/.fluffy/a"]) {
        assert.deepInclude(yield* decideWithExtensions(set, { ...request, path }), { effect: "deny", layer: "builtin" })
      }
      const unknown = { ...request, action: "net.open" as PolicyRequest["action"] }
      assert.deepInclude(yield* decideWithExtensions(set, unknown), { effect: "deny", rule: "default" })
    }))

  it.effect("names every extension that failed, and explains what each came to", () =>
    Effect.gen(function*() {
      const extensions = [
        yield* extensionOf("throw new Error('x')", "throws"),
        yield* extensionOf("return 1", "wrong", "project"),
        ...(yield* answering({ quiet: "undefined", no: `{ effect: "deny", reason: "no" }` }))
      ]
      const told = yield* explainWithExtensions(make([yes()], undefined, extensions), request)
      assert.deepStrictEqual(told.decision, yield* decideWithExtensions(make([yes()], undefined, extensions), request))
      assert.deepStrictEqual(
        told.decision.failures?.map(({ extension, failure, layer }) => [extension, layer, failure]),
        [["throws", "user", "throw"], ["wrong", "project", "answer"]]
      )
      assert.match(told.decision.reason, /^no; the user extension throws failed, which denies \(throw\): Error: x; /)
      assert.deepStrictEqual(told.matched.map(({ effect, rule }) => `${rule} ${effect}`), [
        "yes allow",
        "no deny",
        "throws deny",
        "wrong deny"
      ])
      assert.includeDeepMembers([...told.abstained], [
        { rule: "quiet", why: "the extension says nothing about this" }
      ])
    }))
})

const layers = ["shipped", "user", "project"] as const

/** Programs of every kind, some of which allow, some only for some requests, some of which break. */
const programs = {
  allow: `return { effect: "allow", reason: "a" }`,
  "allow-src": `if (request.path?.startsWith("src/")) return { effect: "allow", reason: "src" }`,
  ask: `if (request.action !== "fs.read") return { effect: "require_review", reason: "b" }`,
  deny: `if (request.path === "lib/x") return { effect: "deny", reason: "c" }`,
  "deny-command": `if (request.command !== undefined) return { effect: "deny", reason: String(request.args) }`,
  quiet: `return undefined`,
  throws: `if (request.phase === "green") throw request`,
  wrong: `if (request.mode === "debug") return request.path ?? null`,
  deep: `if (request.path?.includes("deep")) return (function f() { return f() + 1 })()`,
  counts: `globalThis.n = (globalThis.n ?? 0) + 1; if (n > 1) return { effect: "allow", reason: "kept" }`
}

const loaded: Effect.Effect<ReadonlyArray<Extension>> = Effect.orDie(
  Effect.forEach(
    layers,
    (layer) => Effect.forEach(Object.entries(programs), ([name, body]) => extensionOf(body, name, layer))
  )
).pipe(
  Effect.map((all) => all.flat())
)

const requests: fc.Arbitrary<PolicyRequest> = fc.record({
  action: fc.constantFrom(...actions),
  phase: fc.constantFrom("planning" as const, "coding" as const, "green" as const),
  mode: fc.constantFrom("strict" as const, "debug" as const),
  path: fc.oneof(fc.constantFrom("src/a", "lib/x", "deep", ".git/a", "../a"), fc.fullUnicodeString({ maxLength: 8 })),
  command: fc.fullUnicodeString({ maxLength: 4 }),
  args: fc.array(fc.fullUnicodeString({ maxLength: 4 }), { maxLength: 2 })
}, { requiredKeys: ["action", "phase", "mode"] })

const strictness = { allow: 0, require_review: 1, deny: 2 }

describe("extensions of every kind", () => {
  it.effect(
    "decide alike in any order, allow nothing nobody allows, and allow no more for one more that denies",
    () =>
      Effect.gen(function*() {
        const all = yield* loaded
        const [denies] = yield* answering({ denies: `{ effect: "deny", reason: "d" }` }, "project")
        const property = fc.asyncProperty(
          fc.shuffledSubarray([...all], { maxLength: 6 }),
          fc.subarray(layers.map(yes)),
          requests,
          async (extensions, rules, asked) => {
            const decided = (extensions: ReadonlyArray<Extension>) =>
              Effect.runPromise(decideWithExtensions(make(rules, undefined, extensions), asked))
            const decision = await decided(extensions)
            assert.deepStrictEqual(await decided(extensions.toReversed()), decision)
            const mayAllow = rules.some(({ layer }) => layer !== "project") ||
              extensions.some(({ layer, name }) => layer !== "project" && name.startsWith("allow"))
            if (!mayAllow) assert.notStrictEqual(decision.effect, "allow")
            assert.strictEqual((await decided([...extensions, denies!])).effect, "deny")
            const project = extensions.filter(({ layer }) => layer === "project")
            const others = extensions.filter(({ layer }) => layer !== "project")
            if (project.length > 0) {
              assert.isAtLeast(strictness[decision.effect], strictness[(await decided(others)).effect])
            }
            assert.isFalse(decision.reason.includes("kept"))
          }
        )
        yield* Effect.promise(() => fc.assert(property, { numRuns: 150 }))
      }),
    120_000
  )
})
