import { assert, it } from "@effect/vitest"
import { type Clock, Effect, Ref, TestClock } from "effect"
import { SessionId } from "../../src/domain/SessionId.ts"
import { type Grant, type Holder, layerMemory, make as makePolicy, Policy } from "../../src/Policy.ts"
import { decide } from "../../src/Policy/decide.ts"
import { decideWithExtensions } from "../../src/Policy/extensions/hear.ts"
import { parseRules } from "../../src/Policy/parseRules.ts"
import type { PolicyRequest } from "../../src/Policy/PolicyRule.ts"
import { actions, type Rule, type RuleLayer } from "../../src/Policy/Rule.ts"
import { make } from "../../src/Policy/RuleSet.ts"
import { answering, extensionOf } from "../support/extension.ts"

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

it.effect("a deny in an extension beats an allow elsewhere: denied", () =>
  Effect.gen(function*() {
    const rules = [{ layer: "user" as const, rule: rule("yes", "allow") }]
    for (const layer of ["shipped", "user", "project"] as const) {
      const no = yield* answering({ no: `{ effect: "deny", reason: "not now" }` }, layer)
      const yes = yield* answering({ also: `{ effect: "allow", reason: "ever" }`, quiet: "undefined" })
      for (const extensions of [[...no, ...yes], [...yes, ...no]]) {
        assert.deepStrictEqual(yield* decideWithExtensions(make(rules, undefined, extensions), request), {
          effect: "deny",
          rule: "no",
          layer,
          reason: "not now"
        })
      }
    }
  }))

it.effect("a crashed extension: denied, whatever else allows", () =>
  Effect.gen(function*() {
    const rules = [{ layer: "user" as const, rule: rule("yes", "allow") }]
    const crashes = {
      throw: "throw new Error('x')",
      timeout: "for (;;);",
      answer: "return 'allow'",
      crash: `JSON.parse("[".repeat(1e5))`
    } as const
    for (const failure of ["throw", "timeout", "answer", "crash"] as const) {
      const yes = yield* answering({ also: `{ effect: "allow", reason: "ever" }` })
      const set = make(rules, undefined, [...yes, yield* extensionOf(crashes[failure], "crashed", "project")])
      // Twice: it was started again, and crashes again.
      for (let n = 0; n < 2; n++) {
        const decision = yield* decideWithExtensions(set, request)
        assert.deepInclude(decision, { effect: "deny", rule: "crashed", layer: "project" })
        assert.deepStrictEqual(decision.failures?.map((failed) => [failed.extension, failed.layer, failed.failure]), [
          ["crashed", "project", failure]
        ])
      }
    }
  }))

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

const holder: Holder = { session: SessionId.make("s-one"), peer: "uid 1000" }

const grant: Grant = { action: "change", path: ["src/*.ts"], uses: 2, ttlMs: 60_000 }

/** Over rules that deny every change: what allows one here is the token alone. */
const withToken = (
  use: (presenting: (holder: Holder, asked?: PolicyRequest) => Effect.Effect<string>) => Effect.Effect<void>,
  given: Grant = grant
) =>
  Effect.gen(function*() {
    const policy = yield* Policy
    const { token } = yield* policy.issue(holder, given)
    yield* use((by, asked = request) =>
      Effect.map(policy.decide(asked, { ...by, token }), ({ effect, layer }) => `${effect} by ${layer}`)
    )
  }).pipe(Effect.provide(layerMemory([rule("no", "deny"), rule("ask", "require_review")])))

it.effect("a token skips the rules of files", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* presenting(holder), "allow by token")
    })
  ))

it.effect("a token skips extensions: none is asked", () =>
  Effect.gen(function*() {
    const spinning = yield* extensionOf("for (;;);", "spinning")
    const policy = makePolicy(make([], undefined, [spinning]))
    const { token } = yield* policy.issue(holder, { ...grant, uses: 1 })
    assert.deepInclude(yield* policy.decide(request, { ...holder, token }), { effect: "allow", layer: "token" })
    assert.deepInclude(yield* policy.decide(request, { ...holder, token }), { effect: "deny", rule: "spinning" })
  }))

it.effect("a token and a built-in deny: denied, and no use is taken", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      for (const path of [".git/config", "../a", "src/.fluffy/a"]) {
        for (let n = 0; n < 3; n++) {
          assert.strictEqual(yield* presenting(holder, { ...request, path }), "deny by builtin")
        }
      }
      assert.strictEqual(yield* presenting(holder, { ...request, path: "a" }), "allow by token")
    }), { ...grant, path: ["*"] }))

it.effect("an unknown action with a token for it: denied", () => {
  const action = "net.open" as Grant["action"]
  return withToken((presenting) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* presenting(holder, { ...request, action }), "deny by default")
    }), { ...grant, action })
})

it.effect("an expired token: the full evaluation follows", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      yield* TestClock.adjust(59_999)
      assert.strictEqual(yield* presenting(holder), "allow by token")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* presenting(holder), "deny by user")
    })
  ))

it.effect("an exhausted token: the full evaluation follows", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* Effect.all([presenting(holder), presenting(holder), presenting(holder)]),
        ["allow by token", "allow by token", "deny by user"]
      )
    })
  ))

it.effect("a token of another session: the full evaluation follows, and no use is taken", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      const other = { ...holder, session: SessionId.make("s-two") }
      for (let n = 0; n < 3; n++) assert.strictEqual(yield* presenting(other), "deny by user")
      assert.strictEqual(yield* presenting(holder), "allow by token")
    })
  ))

it.effect("a token of another peer: the full evaluation follows, and no use is taken", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      for (let n = 0; n < 3; n++) assert.strictEqual(yield* presenting({ ...holder, peer: "uid 0" }), "deny by user")
      assert.strictEqual(yield* presenting(holder), "allow by token")
    })
  ))

it.effect("time is read once per decision", () =>
  withToken((presenting) =>
    Effect.gen(function*() {
      const reads = yield* Ref.make(0)
      // Every look at this clock is a minute later: a second one in the same decision would find the token expired.
      const counting: Clock.Clock = Object.assign(Object.create(yield* Effect.clock), {
        currentTimeMillis: Effect.map(Ref.getAndUpdate(reads, (n) => n + 1), (n) => n * 60_000),
        unsafeCurrentTimeMillis: () => assert.fail("time is read through the effect only")
      })
      assert.strictEqual(yield* Effect.withClock(presenting(holder), counting), "allow by token")
      assert.strictEqual(yield* Ref.get(reads), 1)
      assert.strictEqual(yield* Effect.withClock(presenting(holder), counting), "deny by user")
      assert.strictEqual(yield* Ref.get(reads), 2)
    })
  ))
