import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { stringify } from "yaml"
import * as Policy from "../src/Policy.ts"
import { decide as settled } from "../src/Policy/decide.ts"
import * as RuleSet from "../src/Policy/RuleSet.ts"
import type { LayeredRule } from "../src/Policy/RuleSet.ts"
import * as Yaml from "../src/Policy/Yaml.ts"
import { rules, suite } from "./contract/PolicyContract.ts"

const directory = mkdtempSync(join(tmpdir(), "fluffy-policy-"))
writeFileSync(join(directory, "a.yaml"), stringify({ version: 1, rules: rules.slice(0, 5) }))
writeFileSync(join(directory, "b.yml"), stringify({ version: 1, rules: rules.slice(5) }))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

suite("in memory", Policy.layerMemory(rules))
suite("in memory, the other way round", Policy.layerMemory(rules.toReversed()))
suite("from files", Yaml.layer({ directories: [{ layer: "user", directory }] }))

const decide = (rules: ReadonlyArray<Policy.Rule>, request: Partial<Policy.PolicyRequest>, layer?: Policy.RuleLayer) =>
  Effect.flatMap(
    Policy.Policy,
    (policy) => policy.decide({ action: "change", phase: "coding", mode: "strict", ...request })
  ).pipe(
    Effect.provide(Layer.fresh(Policy.layerMemory(rules, layer)))
  )

const allow: Policy.Rule = { name: "allow", match: { action: "change" }, effect: "allow" }
const review: Policy.Rule = { name: "review", match: { action: "change" }, effect: "require_review" }
const deny: Policy.Rule = { name: "deny", match: { action: "change" }, effect: "deny" }

it.effect.each<[string, ReadonlyArray<Policy.Rule>, string]>([
  ["no rule at all", [], "deny"],
  ["only abstaining rules", [{ ...allow, except: [{ phase: "coding" }] }], "deny"],
  ["allow", [allow], "allow"],
  ["allow and deny", [allow, deny], "deny"],
  ["allow and review", [allow, review], "require_review"],
  ["review alone", [review], "require_review"],
  ["allow, review and deny", [allow, review, deny], "deny"],
  ["a deny that abstains", [allow, { ...deny, except: [{ path: "src/**" }] }], "allow"],
  ["an empty list, which matches nothing", [{ ...allow, match: { action: "change", path: [] } }], "deny"],
  ["an empty list of actions", [{ ...allow, match: { action: [] } }], "deny"]
])("decides %s", ([, rules, effect]) =>
  Effect.gen(function*() {
    assert.strictEqual((yield* decide(rules, { path: "src/a.ts" })).effect, effect)
    assert.strictEqual((yield* decide(rules.toReversed(), { path: "src/a.ts" })).effect, effect)
  }))

it.effect.each<[host: ReadonlyArray<string>, asked: string | undefined, allowed: boolean]>([
  [["a.example"], "a.example:443", true],
  [["a.example"], "a.example:8443", true],
  [["A.Example:443"], "a.example:443", true],
  [["a.example:443"], "a.example:8443", false],
  [["a.example:443"], "a.example", false],
  [["a.example:443"], undefined, false],
  [["*.example"], "a.example:443", true],
  [["*.example:443"], "a.example:443", true],
  [["*.example:443"], "a.example:80", false],
  [["*.example"], "example:443", false],
  [["*.example"], "badexample:443", false],
  [["a.example"], "a.example.evil.test:443", false],
  [["a.example"], "xa.example:443", false]
])("lets a rule on the hosts %j speak of %s: %s", ([host, asked, allowed]) =>
  Effect.gen(function*() {
    const rules: ReadonlyArray<Policy.Rule> = [
      { name: "hosts", match: { action: "network.connect", host }, effect: "allow" }
    ]
    const request = { action: "network.connect", ...(asked === undefined ? {} : { host: asked }) } as const
    assert.strictEqual((yield* decide(rules, request)).effect, allowed ? "allow" : "deny")
  }))

it.effect("does not let a project allow itself anything, but lets it deny and ask", () =>
  Effect.gen(function*() {
    assert.deepInclude(yield* decide([allow], { path: "a" }, "project"), { effect: "deny", rule: "default" })
    assert.deepInclude(yield* decide([deny], { path: "a" }, "project"), { effect: "deny", layer: "project" })
  }))

it("lets a project ask for a review of what others allow, not of what nobody does", () => {
  const set = (...given: ReadonlyArray<LayeredRule>) =>
    settled(RuleSet.make(given), { action: "change", phase: "coding", mode: "strict", path: "a" })
  const asks: LayeredRule = { layer: "project", rule: review }
  assert.deepInclude(set(asks), { effect: "deny", rule: "default" })
  assert.deepInclude(set(asks, { layer: "project", rule: allow }), { effect: "deny", rule: "default" })
  for (const layer of ["shipped", "user"] as const) {
    assert.deepInclude(set(asks, { layer, rule: allow }), { effect: "require_review", layer: "project" })
    assert.deepInclude(set({ layer, rule: allow }, asks), { effect: "require_review", layer: "project" })
  }
})

it.effect("says in an explanation why a project's allow rule does not count", () =>
  Effect.gen(function*() {
    const policy = yield* Policy.Policy
    const told = yield* policy.explain({ action: "change", phase: "coding", mode: "strict", path: "a" })
    assert.deepStrictEqual(told.matched, [])
    assert.include(told.abstained.find(({ rule }) => rule === "allow")?.why, "cloned project")
  }).pipe(Effect.provide(Policy.layerMemory([allow], "project"))))

it.effect("dies of a rule in memory that no file could hold", () =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(decide([{ ...deny, match: { action: "change", path: "src/[a" } }], {}))
    assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    assert.include(String(Exit.isFailure(exit) ? Cause.squash(exit.cause) : ""), "can never match")
  }))
