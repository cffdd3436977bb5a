import { assert, it } from "@effect/vitest"
import { decide } from "../../src/Policy/decide.ts"
import { parseRules } from "../../src/Policy/parseRules.ts"
import type { PolicyRequest } from "../../src/Policy/PolicyRule.ts"
import { actions, type Rule, type RuleLayer } from "../../src/Policy/Rule.ts"
import { make } from "../../src/Policy/RuleSet.ts"

const request: PolicyRequest = { action: "change", phase: "coding", mode: "strict", path: "src/a.ts" }

const rule = (name: string, effect: Rule["effect"], rest: Partial<Rule> = {}): Rule => ({
  name,
  effect,
  match: { action: "change" },
  ...rest
})

/** The decision over rules in the user's layer, the same for every order of them. */
const decided = (rules: ReadonlyArray<Rule>, asked: PolicyRequest = request, layer: RuleLayer = "user") => {
  const given = rules.map((rule) => ({ layer, rule }))
  const decision = decide(make(given), asked)
  assert.deepStrictEqual(decide(make(given.toReversed()), asked), decision)
  return decision
}

const parsed = (text: string) => {
  const result = parseRules("rules.yaml", text, "user")
  return result._tag === "Right" ? result.right : assert.fail(result.left.message)
}

it("no rule: denied", () => {
  assert.deepInclude(decided([]), { effect: "deny", rule: "default", layer: "default" })
})

it("only abstaining rules: denied", () => {
  const abstaining = [
    rule("excepted", "allow", { except: [{ phase: "coding" }] }),
    rule("elsewhere", "allow", { match: { action: "change", path: "lib/**" } }),
    rule("review-elsewhere", "require_review", { except: [{ path: "src/" }] })
  ]
  assert.deepInclude(decided(abstaining), { effect: "deny", rule: "default" })
})

it("allow and deny: denied", () => {
  assert.deepInclude(decided([rule("yes", "allow"), rule("no", "deny")]), { effect: "deny", rule: "no" })
})

it("allow and review: a review", () => {
  assert.deepInclude(decided([rule("yes", "allow"), rule("ask", "require_review")]), {
    effect: "require_review",
    rule: "ask"
  })
})

it("review and deny: denied", () => {
  assert.deepInclude(decided([rule("ask", "require_review"), rule("no", "deny")]), { effect: "deny", rule: "no" })
})

it("reviews aggregate all reasons", () => {
  const reviews = [
    rule("b", "require_review", { reason: "two" }),
    rule("a", "require_review", { reason: "one" }),
    rule("c", "require_review", { reason: "two" }),
    rule("yes", "allow", { reason: "never told" })
  ]
  assert.deepStrictEqual(decided(reviews), { effect: "require_review", rule: "a", layer: "user", reason: "one; two" })
})

it("an empty rule file: only the built-in rules speak", () => {
  const { rules, warnings } = parsed("version: 1\nrules: []\n")
  assert.deepStrictEqual([rules, warnings], [[], []])
  const set = make(rules.map((rule) => ({ layer: "user", rule })))
  assert.isTrue(set.rules.length > 0 && set.rules.every(({ layer }) => layer === "builtin"))
  assert.deepInclude(decide(set, { ...request, path: ".git/config" }), { effect: "deny", layer: "builtin" })
  for (const action of actions) {
    assert.deepInclude(decide(set, { ...request, action }), { effect: "deny", rule: "default" })
  }
})

it("an unknown action: denied, whatever the rules allow", () => {
  const everything = rule("everything", "allow", { match: { phase: "coding" } })
  assert.strictEqual(decided([everything]).effect, "allow")
  for (const action of ["net.open", "", "__proto__", "constructor", "fs.WRITE"]) {
    const unknown = { ...request, action } as unknown as PolicyRequest
    assert.deepInclude(decided([everything], unknown), { effect: "deny", rule: "default" })
  }
})

it("an empty glob list: matches nothing and warns", () => {
  const text = "version: 1\nrules:\n  - name: nothing\n    match: { action: change, path: [] }\n    effect: allow\n"
  const { rules, warnings } = parsed(text)
  assert.deepStrictEqual(warnings.map(({ line, rule, warning }) => [line, rule, warning]), [
    [4, "nothing", "the list of path is empty, so this never matches"]
  ])
  assert.deepInclude(decided(rules), { effect: "deny", rule: "default" })
  const { path: _, ...pathless } = request
  assert.deepInclude(decided(rules, pathless), { effect: "deny", rule: "default" })
})
