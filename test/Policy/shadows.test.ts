import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decide } from "../../src/Policy/decide.ts"
import type { PolicyRequest } from "../../src/Policy/PolicyRule.ts"
import type { Match, Rule, RuleLayer } from "../../src/Policy/Rule.ts"
import { make } from "../../src/Policy/RuleSet.ts"
import { shadowsOf } from "../../src/Policy/shadows.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"

type Short = readonly [name: string, effect: Rule["effect"], match: Match, except?: ReadonlyArray<Match>, RuleLayer?]

const layered = ([name, effect, match, except, layer = "user"]: Short) => ({
  layer,
  rule: { name, effect, match, ...(except === undefined ? {} : { except }) }
})

const shadows = (...rules: ReadonlyArray<Short>) =>
  shadowsOf(rules.map(layered)).map(({ by, rule }) => `${rule.rule.name} by ${by.rule.name}`)

const src: Short = ["src", "allow", { action: "change", path: ["src/**"] }]

it.each<[string, ReadonlyArray<Short>, ReadonlyArray<string>]>([
  ["a deny of the same", [src, ["no", "deny", { action: "change", path: "src/**" }]], ["src by no"]],
  ["a deny of the action", [src, ["no", "deny", { action: ["merge", "change"] }]], ["src by no"]],
  ["a deny of every action", [src, ["no", "deny", { path: ["lib/**", "src/**"] }]], ["src by no"]],
  ["a review of the action", [src, ["ask", "require_review", { action: "change" }]], ["src by ask"]],
  [
    "a review by a deny",
    [["ask", "require_review", { action: "shell.exec", command: "git", args: ["push"] }], [
      "no",
      "deny",
      { action: "shell.exec", command: "git", args: [["push"], ["remote", "add"]] }
    ]],
    ["ask by no"]
  ],
  ["a rule of a more trusted layer", [src, ["no", "deny", { action: "change" }, [], "shipped"]], ["src by no"]]
])("names a rule shadowed by %s", (_, rules, expected) => {
  assert.deepStrictEqual(shadows(...rules), expected)
  assert.deepStrictEqual(shadows(...rules.toReversed()), expected)
})

it.each<[string, ReadonlyArray<Short>]>([
  ["a deny with exceptions", [src, ["no", "deny", { action: "change" }, [{ phase: "planning" }]]]],
  ["a narrower deny", [src, ["no", "deny", { action: "change", path: ["src/**"], phase: "coding" }]]],
  ["a deny of some of its actions", [
    ["both", "allow", { action: ["change", "merge"] }],
    ["no", "deny", { action: "merge" }]
  ]],
  ["a wider allow", [src, ["all", "allow", { action: "change" }]]],
  ["an allow that a deny stands against", [["no", "deny", { action: "change" }], ["ask", "deny", {
    action: "change"
  }]]],
  ["a list whose exclamation marks depend on their neighbours", [
    ["a", "allow", { action: "change", path: ["src/**", "!src/a.ts"] }],
    ["no", "deny", { action: "change", path: ["src/**", "!src/a.ts", "!src/**"] }]
  ]],
  ["an empty list", [src, ["no", "deny", { action: "change", path: [] }]]],
  ["a layer that tightens on purpose", [
    [...src.slice(0, 3), undefined, "shipped"] as unknown as Short,
    ["no", "deny", { action: "change" }]
  ]]
])("says nothing about %s", (_, rules) => {
  assert.deepStrictEqual(shadows(...rules), [])
})

const some = <A>(...values: ReadonlyArray<A>) => fc.subarray([...values], { minLength: 1 })
const match: fc.Arbitrary<Match> = fc.record({
  action: some("change" as const, "merge" as const),
  path: some("src/**", "*.ts", "!src/a.ts", "lib/"),
  phase: some("coding" as const, "planning" as const)
}, { requiredKeys: [] }).filter((fields) => Object.keys(fields).length > 0) as fc.Arbitrary<Match>

const rule: fc.Arbitrary<Short> = fc.tuple(
  fc.stringMatching(/^[a-z]{3}$/),
  fc.constantFrom("allow" as const, "deny" as const, "require_review" as const),
  match,
  fc.array(match, { maxLength: 1 }),
  fc.constantFrom("user" as const, "project" as const)
)

const request: fc.Arbitrary<PolicyRequest> = fc.record({
  action: fc.constantFrom("change", "merge"),
  path: fc.constantFrom("src/a.ts", "src/b.ts", "lib/a.ts", "a.md"),
  phase: fc.constantFrom("coding", "planning"),
  mode: fc.constant("strict")
})

it("names only rules without which every effect is the same", () => {
  fc.assert(
    fc.property(fc.uniqueArray(rule, { maxLength: 8, selector: ([name]) => name }), request, (rules, asked) => {
      const all = rules.map(layered)
      const named = new Set(shadowsOf(all).map(({ rule }) => rule))
      const rest = all.filter((one) => !named.has(one))
      assert.strictEqual(decide(make(rest), asked).effect, decide(make(all), asked).effect)
    }),
    { numRuns: 1000 }
  )
})

it("is soon done with very many rules that nearly shadow each other", () => {
  const denies = Array.from(
    { length: 20_000 },
    (_, index): Short => [`d${index}`, "deny", { path: "a", phase: "idle" }]
  )
  const allows = denies.map(([name]): Short => [`a${name}`, "allow", { path: "a", action: "merge" }])
  assert.deepStrictEqual(shadows(...denies, ...allows), [])
})

it.live("warns in the file and line of the rule that never counts", () =>
  Effect.gen(function*() {
    const directory = mkdtempSync(join(tmpdir(), "fluffy-shadows-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
    const a = "version: 1\nrules:\n  - name: src\n    match: { action: change, path: src/ }\n    effect: allow\n"
    const b = "version: 1\nrules:\n  - { name: no, match: { action: change }, effect: deny }\n"
    writeFileSync(join(directory, "a.yaml"), a)
    writeFileSync(join(directory, "b.yaml"), b)
    const { warnings } = yield* Yaml.load([{ layer: "user", directory }])
    assert.deepStrictEqual(warnings, [{
      file: join(directory, "a.yaml"),
      line: 3,
      column: 5,
      rule: "src",
      warning: "the user rule no denies all that it matches: this rule never counts"
    }])
  }).pipe(Effect.scoped))
