import { assert, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { SessionId } from "../../src/domain/SessionId.ts"
import { Policy, type PolicyLoadFailed, type PolicyRequest, type Rule } from "../../src/Policy.ts"

/** The rules that a layer under this contract must hold, in the user's layer. */
export const rules: ReadonlyArray<Rule> = [
  { name: "read", match: { action: ["fs.read", "fs.list"] }, effect: "allow" },
  { name: "write", match: { action: "change", path: ["src/**", "docs/**"] }, effect: "allow" },
  {
    name: "ask-manifest",
    match: { action: "change", path: "package.json" },
    effect: "require_review",
    reason: "a manifest"
  },
  { name: "ask-json", match: { action: "change", path: "*.json" }, effect: "require_review", reason: "a data file" },
  { name: "allow-json", match: { action: "change", path: "*.json" }, effect: "allow" },
  {
    name: "no-generated",
    match: { action: "change", path: "gen/" },
    except: [{ phase: "planning" }, { path: "gen/README.md" }],
    effect: "deny",
    reason: "generated"
  },
  { name: "gen", match: { action: "change", path: "gen/" }, effect: "allow" },
  { name: "secret", match: { action: "fs.read", path: [".env*", "!.env.example"] }, effect: "deny", reason: "secret" },
  { name: "only-abstains", match: { action: "merge" }, except: [{ action: "merge" }], effect: "allow" },
  { name: "run", match: { action: "shell.exec" }, effect: "allow" },
  {
    name: "no-push",
    match: { action: "shell.exec", command: "git", args: [["push"], ["remote", "add"]] },
    effect: "deny"
  },
  {
    name: "explore-hosts",
    match: { action: "shell.exec", host: "*.example.com", caller: "ci" },
    effect: "require_review"
  }
]

const cases: ReadonlyArray<[Partial<PolicyRequest>, effect: string, rule: string]> = [
  [{ action: "fs.read", path: "src/a.ts" }, "allow", "read"],
  [{ action: "fs.list", path: "." }, "allow", "read"],
  [{ action: "fs.read", path: "a/.env.local" }, "deny", "secret"],
  [{ action: "fs.read", path: ".env.example" }, "allow", "read"],
  [{ action: "fs.exists", path: "src/a.ts" }, "deny", "default"],
  [{ action: "change", path: "src/a/b.ts" }, "allow", "write"],
  [{ action: "change", path: "lib/a.ts" }, "deny", "default"],
  [{ action: "change" }, "deny", "default"],
  [{ action: "change", path: "data.json" }, "require_review", "ask-json"],
  [{ action: "change", path: "package.json" }, "require_review", "ask-json"],
  [{ action: "change", path: "gen/a.json" }, "deny", "no-generated"],
  [{ action: "change", path: "gen/a.ts", phase: "planning" }, "allow", "gen"],
  [{ action: "change", path: "gen/README.md" }, "allow", "gen"],
  [{ action: "merge", path: "src/a.ts" }, "deny", "default"],
  [{ action: "shell.exec", command: "git", args: ["log"] }, "allow", "run"],
  [{ action: "shell.exec", command: "/usr/bin/git", args: ["push", "-f"] }, "deny", "no-push"],
  [{ action: "shell.exec", command: "git", args: ["remote", "add", "x"] }, "deny", "no-push"],
  [{ action: "shell.exec", command: "git", args: ["remote"] }, "allow", "run"],
  [{ action: "shell.exec", command: "x", host: "API.example.com.", caller: "ci" }, "require_review", "explore-hosts"],
  [{ action: "shell.exec", command: "x", host: "badexample.com", caller: "ci" }, "allow", "run"],
  [{ action: "change", path: "src/.git/config" }, "deny", "git-is-yours"]
]

/** What every implementation of Policy holds to, over `rules`. */
export const suite = (name: string, layer: Layer.Layer<Policy, PolicyLoadFailed>): void => {
  it.layer(layer)(`Policy, ${name}`, (it) => {
    it.effect.each(cases)("%j is %s by %s", ([request, effect, rule]) =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const full = { action: "fs.read", phase: "coding", mode: "strict", ...request } as PolicyRequest
        const decision = yield* policy.decide(full)
        assert.deepStrictEqual([decision.effect, decision.rule], [effect, rule])
        assert.deepStrictEqual((yield* policy.explain(full)).decision, decision)
      }))

    it.effect("gives the reasons of all rules of the winning effect, and of no other", () =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const decision = yield* policy.decide({
          action: "change",
          phase: "coding",
          mode: "strict",
          path: "package.json"
        })
        assert.strictEqual(decision.reason, "a data file; a manifest")
        assert.strictEqual(decision.layer, "user")
      }))

    it.effect("tells, by default, what was asked and what a person can do", () =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const decision = yield* policy.decide({
          action: "merge",
          phase: "coding",
          mode: "strict",
          path: "a\u001b[2J.ts"
        })
        assert.strictEqual(decision.layer, "default")
        assert.include(decision.reason, "no rule allows merge \"a\\u001b[2J.ts\"")
        assert.include(decision.reason, "policies")
      }))

    it.effect("explains which rules matched, which abstained and why", () =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const told = yield* policy.explain({ action: "change", phase: "planning", mode: "strict", path: "gen/a.ts" })
        assert.deepStrictEqual(told.matched, [{ rule: "gen", layer: "user", effect: "allow" }])
        const why = new Map(told.abstained.map(({ rule, why }) => [rule, why]))
        assert.strictEqual(why.get("no-generated"), "exception 1 applies: phase is planning")
        assert.strictEqual(why.get("write"), "path is not src/**, docs/**")
        assert.strictEqual(why.get("git-is-yours"), "builtin is not inside .git")
        assert.isFalse(why.has("read"))
      }))

    it.effect("lets a token stand in the place of its rules, but not of the built-in ones, for its holder alone", () =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const holder = { session: SessionId.make("s-contract"), peer: "one" }
        const { token } = yield* policy.issue(holder, {
          action: "change",
          path: ["gen/", ".git/"],
          uses: 1,
          ttlMs: 1000
        })
        const asked = (path: string, presenting = holder) =>
          Effect.map(
            policy.decide({ action: "change", phase: "coding", mode: "strict", path }, { ...presenting, token }),
            ({ effect, layer }) => [effect, layer]
          )
        assert.deepStrictEqual(yield* asked("gen/a.ts", { ...holder, peer: "two" }), ["deny", "user"])
        assert.deepStrictEqual(yield* asked("gen/.git/a"), ["deny", "builtin"])
        assert.deepStrictEqual(yield* asked("gen/a.ts"), ["allow", "token"])
        assert.deepStrictEqual(yield* asked("gen/a.ts"), ["deny", "user"])
      }))

    it.effect("denies an action it does not know, whatever the rules", () =>
      Effect.gen(function*() {
        const policy = yield* Policy
        const unknown = { action: "net.open", phase: "coding", mode: "strict" } as unknown as PolicyRequest
        assert.deepInclude(yield* policy.decide(unknown), { effect: "deny", rule: "default" })
      }))
  })
}
