import { assert, it } from "@effect/vitest"
import type { Match, Rule } from "../../src/Policy/Rule.ts"
import { warningsOf } from "../../src/Policy/warnings.ts"

const warned = (match: Match, rest: Partial<Rule> = {}) =>
  warningsOf({ name: "r", effect: "deny", match, ...rest }, "user")

it.each<[string, Match, Partial<Rule>, ReadonlyArray<string | number>, string]>([
  ["an empty list", { action: "merge", path: [] }, {}, ["match", "path"], "the list of path is empty"],
  ["an empty list of prefixes", { action: "shell.exec", args: [] }, {}, ["match", "args"], "the list of args is empty"],
  [
    "an empty list in an exception",
    { action: "merge" },
    { except: [{ phase: [] }] },
    ["except", 0, "phase"],
    "the list of phase is empty"
  ],
  [
    "an exception equal to the match",
    { action: "merge", path: ["a", "b"] },
    { except: [{ action: ["merge"], path: ["b", "a"] }] },
    ["except", 0],
    "never matches"
  ],
  [
    "an exception wider than the match",
    { action: "merge", path: "a" },
    { except: [{ phase: "green" }, { path: ["a", "c"] }] },
    ["except", 1],
    "never matches"
  ],
  [
    "a command where there is none",
    { action: ["fs.read", "merge"], command: "git" },
    {},
    ["match", "command"],
    "never has a command"
  ],
  ["arguments where there are none", { action: "change", args: ["x"] }, {}, ["match", "args"], "never has arguments"],
  ["a path where there is none", { action: "task.complete", path: "a" }, {}, ["match", "path"], "never has a path"],
  ["a host where there is none", { action: "merge", host: "a.example" }, {}, ["match", "host"], "never has a host"],
  ["a tool where there is none", { action: "merge", tool: "fs.write" }, {}, ["match", "tool"], "never has a tool"],
  [
    "another tool than that of the call",
    { action: ["fs.write", "merge"], tool: "fs.edit" },
    {},
    ["match", "tool"],
    "never has a tool but its own"
  ],
  ["a tool that there is not", { action: "change", tool: "fs.wrte" }, {}, ["match", "tool"], "is no tool"],
  [
    "an address as a host",
    { action: "network.connect", host: "https://a.example" },
    {},
    ["match", "host"],
    "never matches"
  ],
  ["a star in a host", { action: "network.connect", host: "ex*.example" }, {}, ["match", "host"], "never matches"],
  ["braces in a path", { action: "merge", path: ["a", "*.{pem,key}"] }, {}, ["match", "path"], "braces"],
  ["a command line as a command", { action: "shell.exec", command: "git push" }, {}, ["match", "command"], "one word"],
  ["a star in a command with a slash", { action: "shell.exec", command: "./bin/*" }, {}, ["match", "command"], "slash"],
  ["the same in an exception", { action: "merge" }, { except: [{ path: "{a,b}" }] }, ["except", 0, "path"], "braces"],
  ["only negated patterns", { action: "merge", path: ["!a"] }, {}, ["match", "path"], "nothing is left"]
])("warns of %s", (_, match, rest, at, warning) => {
  const [first, ...others] = warned(match, rest)
  assert.deepStrictEqual(others, [])
  assert.deepStrictEqual(first?.at, at)
  assert.include(first?.problem, warning)
})

it.each<[Match, Partial<Rule>]>([
  [{ action: "merge", path: ["a", "!b"] }, {}],
  [{ action: "merge", path: "a" }, { except: [{ path: "b" }, { path: "a", phase: "coding" }] }],
  [{ action: ["merge", "shell.exec"], command: "x" }, {}],
  [{ action: "shell.exec", command: ["python3*", "/opt/my app/x", "[[]"], tool: "shell.exec" }, {}],
  [{ action: ["merge", "change"], path: ["a{b}", "{", "a,b"], tool: "fs.write" }, {}],
  [{ action: "network.connect", host: ["A.example", "*.example:8443", "a.example.", "a.example.:443"] }, {}],
  [{ path: "a" }, { except: [{ action: "merge" }] }],
  [{ action: "merge", path: ["a"] }, { except: [{ path: ["a", "!a"] }] }]
])("has nothing to say about %j, %j", (match, rest) => {
  assert.deepStrictEqual(warned(match, rest), [])
})

it("warns of an allow rule in a project's file only", () => {
  const rule: Rule = { name: "r", effect: "allow", match: { action: "merge" } }
  assert.deepStrictEqual(warningsOf(rule, "user"), [])
  assert.include(warningsOf(rule, "project")[0]?.problem, "do not count")
})
