import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { PolicyRequest } from "../../src/Policy.ts"
import { decide, explain } from "../../src/Policy/decide.ts"
import { problemsOf } from "../../src/Policy/problems.ts"
import { actions, type Match, type Rule } from "../../src/Policy/Rule.ts"
import { type LayeredRule, make } from "../../src/Policy/RuleSet.ts"

const some = <A>(...values: ReadonlyArray<A>) => fc.oneof(fc.constantFrom(...values), fc.subarray([...values]))

const name = fc.constantFrom("a", "b", "src", "x.ts", "y.json", ".env", "Dockerfile", ".git", "test_a")
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"))
const glob = fc.oneof(
  path,
  fc.constantFrom(
    "*",
    "**",
    "src/**",
    "*.ts",
    "**/a",
    "/src",
    "a/",
    "!b",
    "Docker*",
    "[ab]",
    "a/**/x.ts",
    "test_*",
    "?",
    "!*.ts",
    ".env*"
  )
)
const command = fc.constantFrom("git", "/usr/bin/git", "./git", "npm", "node", "python3")
const args = fc.array(fc.constantFrom("push", "log", "-f"), { maxLength: 2 })

const field = <A>(value: fc.Arbitrary<A>) => fc.option(value, { nil: undefined, freq: 2 })

const defined = <A extends object>(fields: A): A =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as A

const match: fc.Arbitrary<Match> = fc.record({
  action: field(some(...actions)),
  path: field(fc.oneof(glob, fc.array(glob, { maxLength: 3 }))),
  command: field(fc.oneof(command, fc.constantFrom("py*", "*"), fc.array(command, { maxLength: 2 }))),
  args: field(fc.array(fc.array(fc.constantFrom("push", "log"), { minLength: 1, maxLength: 2 }), { maxLength: 2 })),
  phase: field(some("planning" as const, "coding" as const)),
  mode: field(some("strict" as const, "debug" as const)),
  tool: field(some("fs.write", "shell.exec"))
}).map((fields) => defined(fields) as Match)

const layered: fc.Arbitrary<LayeredRule> = fc.record({
  layer: fc.constantFrom("shipped" as const, "user" as const, "project" as const),
  rule: fc.record({
    name: fc.stringMatching(/^[a-z]{1,3}$/),
    match,
    except: field(fc.array(match, { maxLength: 2 })),
    effect: fc.constantFrom("allow" as const, "deny" as const, "require_review" as const),
    reason: field(fc.constantFrom("one", "two"))
  }).map((rule) => defined(rule) as Rule).filter((rule) => problemsOf(rule).length === 0)
})

const rules = fc.array(layered, { maxLength: 12 })

const request: fc.Arbitrary<PolicyRequest> = fc.record({
  action: fc.constantFrom(...actions),
  phase: fc.constantFrom("planning" as const, "coding" as const, "green" as const),
  mode: fc.constantFrom("strict" as const, "debug" as const),
  path: field(fc.oneof(path, fc.constantFrom(".", "../a", "a//b", "", "a\\b", "a/.GIT/x"))),
  command: field(command),
  args: field(args),
  tool: field(fc.constantFrom("fs.write", "shell.exec"))
}).map((fields) => defined(fields) as PolicyRequest)

const strictness = { allow: 0, require_review: 1, deny: 2 }

describe("decide", () => {
  it("never depends on the order of rules", () => {
    fc.assert(fc.property(
      rules.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      request,
      ([all, shuffled], asked) => assert.deepStrictEqual(decide(make(shuffled), asked), decide(make(all), asked))
    ))
  })

  it("never allows more for one more deny or review", () => {
    fc.assert(fc.property(rules, layered.filter(({ rule }) => rule.effect !== "allow"), request, (all, more, asked) => {
      const before = decide(make(all), asked)
      const after = decide(make([...all, more]), asked)
      // A review may turn "no rule allows" into "a human may", but never an allow or a deny by a rule into less.
      if (more.rule.effect === "deny" || before.rule !== "default") {
        assert.isAtLeast(strictness[after.effect], strictness[before.effect])
      } else assert.notStrictEqual(after.effect, "allow")
    }))
  })

  it("never lets one more allow beat a deny or a review of a rule", () => {
    fc.assert(fc.property(rules, layered.filter(({ rule }) => rule.effect === "allow"), request, (all, more, asked) => {
      const before = decide(make(all), asked)
      const after = decide(make([...all, more]), asked)
      if (before.rule !== "default") assert.deepStrictEqual(after.effect, before.effect)
    }))
  })

  it("lets an exception make its own rule abstain and do nothing else", () => {
    fc.assert(fc.property(rules, layered, match, request, (all, one, except, asked) => {
      const without = decide(make(all), asked)
      const unexcepted = decide(make([...all, one]), asked)
      const excepted = { ...one, rule: { ...one.rule, except: [...(one.rule.except ?? []), except] } }
      assert.include(
        [without, unexcepted].map((decision) => JSON.stringify(decision)),
        JSON.stringify(decide(make([...all, excepted]), asked))
      )
    }))
  })

  it("never allows without an allow rule that matches", () => {
    fc.assert(
      fc.property(rules, request, (all, asked) => {
        const decision = decide(make(all), asked)
        if (decision.effect !== "allow") return
        const { matched } = explain(make(all), asked)
        assert.isTrue(
          matched.some(({ effect, layer, rule }) => effect === "allow" && layer !== "project" && rule === decision.rule)
        )
        assert.isTrue(all.some(({ layer, rule }) => rule.effect === "allow" && layer !== "project"))
      }),
      { numRuns: 300 }
    )
  })

  it("never lets a project's files loosen what is decided without them", () => {
    fc.assert(fc.property(rules, request, (all, asked) => {
      const trusted = decide(make(all.filter(({ layer }) => layer !== "project")), asked)
      assert.isAtLeast(strictness[decide(make(all), asked).effect], strictness[trusted.effect])
    }))
  })

  it("decides by the index as by asking every rule", () => {
    fc.assert(
      fc.property(rules, request, (all, asked) => {
        const { decision, matched } = explain(make(all), asked)
        const effects = new Set(matched.map(({ effect }) => effect))
        const granted = matched.some(({ effect, layer }) => effect !== "deny" && layer !== "project")
        const expected = effects.has("deny") || !granted
          ? "deny"
          : effects.has("require_review")
          ? "require_review"
          : "allow"
        assert.strictEqual(decision.effect, expected)
        assert.strictEqual(decision.rule === "default", !granted && !effects.has("deny"))
      }),
      { numRuns: 500 }
    )
  })

  it("accounts for every rule of the action in an explanation", () => {
    fc.assert(fc.property(rules, request, (all, asked) => {
      const set = make(all)
      const { abstained, matched } = explain(set, asked)
      const speaking = set.rules.filter(({ actions }) => actions === undefined || actions.includes(asked.action))
      assert.strictEqual(abstained.length + matched.length, speaking.length)
    }))
  })

  it("denies .git and .fluffy though everything else says yes", () => {
    const all: ReadonlyArray<LayeredRule> = [{
      layer: "user",
      rule: { name: "yes", match: { action: [...actions] }, effect: "allow" }
    }]
    const prefix = fc.array(fc.constantFrom("a", "src", "node_modules"), { maxLength: 2 })
    fc.assert(
      fc.property(
        prefix,
        fc.constantFrom(".git", ".GIT", ".Git ", ".fluffy", ".FLUFFY"),
        prefix,
        (before, secret, after) => {
          const path = [...before, secret, ...after].join("/")
          for (const action of ["change", "merge", "fs.write", "fs.edit"] as const) {
            const decision = decide(make(all), { action, phase: "coding", mode: "debug", path })
            assert.deepInclude(decision, { effect: "deny", layer: "builtin" })
          }
        }
      )
    )
  })
})
