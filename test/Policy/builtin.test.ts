import { assert, it } from "@effect/vitest"
import type { PolicyAction } from "../../src/Policy.ts"
import { builtin } from "../../src/Policy/builtin.ts"
import { decide } from "../../src/Policy/decide.ts"
import { actions } from "../../src/Policy/Rule.ts"
import { make } from "../../src/Policy/RuleSet.ts"

const places = {
  project: "/p",
  policies: ["/p/policies", "/etc/fluffy"],
  sealed: ["/p/var/kernel.db", "/p/Run", "/else/state"]
}
const set = make([{ layer: "user", rule: { name: "yes", match: { action: [...actions] }, effect: "allow" } }], places)

const ask = (action: PolicyAction, path: string) => decide(set, { action, phase: "coding", mode: "debug", path })
const writing = ["fs.write", "fs.edit", "change", "merge"] as const
const reading = ["fs.read", "fs.list", "fs.exists", "search.grep", "search.glob"] as const

it("has at most ten rules, all of which deny, each with its own name and reason", () => {
  const rules = builtin(places)
  assert.isAtMost(rules.length, 10)
  assert.isTrue(rules.every(({ effect, layer }) => effect === "deny" && layer === "builtin"))
  assert.strictEqual(new Set(rules.map(({ name }) => name)).size, rules.length)
  assert.strictEqual(new Set(rules.map(({ reason }) => reason)).size, rules.length)
})

it.each([
  ".git",
  ".git/config",
  ".git/hooks/pre-commit",
  "vendor/lib/.git",
  "a/b/.git/objects/x",
  ".GIT/config",
  ".gIt",
  "git~1",
  "GIT~1/config",
  "git~2",
  ".git./config",
  ".git /config",
  ".git . ./x",
  ".git::$INDEX_ALLOCATION/config",
  ".git:stream",
  ".g\u200cit/config",
  ".gi\u200dt",
  "\ufeff.git/x",
  ".git\u202e/x",
  ".g\u00adit/x",
  "\uff0e\uff47\uff49\uff54/config",
  ".git\\config",
  "a\\.git\\hooks"
])("never lets %j be written, but read", (path) => {
  for (const action of writing) {
    assert.deepInclude(ask(action, path), { effect: "deny", layer: "builtin", rule: "git-is-yours" })
  }
  for (const action of reading) assert.strictEqual(ask(action, path).effect, "allow")
})

it.each([
  ".fluffy",
  ".fluffy/config.yaml",
  ".fluffy/policies/allow-all.yaml",
  "sub/.fluffy/policies/x.yml",
  ".FLUFFY/config.yaml",
  "fluffy~1/policies/a.yaml",
  ".flu\ufb00y/config.yaml",
  ".fluffy./x",
  ".flu\u200dffy/x"
])("never lets %j be written", (path) => {
  for (const action of writing) assert.deepInclude(ask(action, path), { effect: "deny", rule: "fluffy-is-yours" })
  assert.strictEqual(ask("fs.read", path).effect, "allow")
})

it.each([
  ".fluffy/state",
  ".fluffy/state/audit.db",
  ".Fluffy/STATE/audit.db-wal",
  "a/.fluffy/state/kernel.sock",
  ".fluffy/state./x"
])(
  "never shows or changes %j",
  (path) => {
    for (const action of [...reading, ...writing]) {
      assert.deepInclude(ask(action, path), { effect: "deny", layer: "builtin" })
    }
    assert.strictEqual(ask("fs.read", path).rule, "state-is-sealed")
  }
)

it.each(["policies/default.yaml", "POLICIES/default.yaml", "policies"])(
  "never lets the policy in force at %j be written, but read",
  (path) => {
    for (const action of writing) assert.deepInclude(ask(action, path), { effect: "deny", rule: "policies-are-yours" })
    assert.strictEqual(ask("fs.read", path).effect, "allow")
  }
)

it.each(["var/kernel.db", "run/kernel.sock", "Run"])("never shows or changes the kernel's own %j", (path) => {
  for (const action of [...reading, ...writing]) {
    assert.deepInclude(ask(action, path), { effect: "deny", rule: "kernel-files-are-sealed" })
  }
})

it("never lets a session change the person's own configuration, should the project be their home", () => {
  for (const action of writing) {
    assert.deepInclude(ask(action, ".config/fluffy/policies/a.yaml"), { effect: "deny", layer: "builtin" })
  }
})

it.each(["../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/.", "a/", "", "..", "a\0b"])(
  "denies everything about %j, which is no path of a project",
  (path) => {
    for (const action of [...reading, ...writing]) {
      assert.deepInclude(ask(action, path), { effect: "deny", rule: "path-stays-inside" })
    }
  }
)

it.each([
  ".gitignore",
  ".gitattributes",
  ".github/workflows/ci.yml",
  "src/git.ts",
  "digit/a",
  "my.git",
  "git",
  "fluffy.md",
  "src/.fluffyrc",
  "a/state/x",
  "policies2/a.yaml",
  "src/policies/a.ts",
  "var/kernel.db2",
  "état/é.ts",
  ".config/other/fluffy",
  "a..b/c...d",
  "."
])("has nothing to say about %j", (path) => {
  for (const action of [...reading, ...writing]) assert.deepInclude(ask(action, path), { effect: "allow", rule: "yes" })
})
