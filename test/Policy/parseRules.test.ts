import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { parseRules } from "../../src/Policy/parseRules.ts"

const errorOf = (text: string) => {
  const result = parseRules("p.yaml", text, "user")
  assert.isTrue(Either.isLeft(result), `must be refused: ${text.slice(0, 200)}`)
  const { column, line, problem, rule } = Either.getOrThrow(Either.flip(result))
  return { at: `${line}:${column}`, rule, problem }
}

const head = "version: 1\nrules:\n"
const rule = (rest: string) => `${head}  - name: r\n    effect: allow\n${rest}`

describe("parseRules", () => {
  it("reads the format of the design", () => {
    const text = `
version: 1
rules:
  - name: write-source
    match: { action: [fs.write, fs.edit, change], path: ["src/**", "lib/**"] }
    effect: allow
  - name: manifests-need-a-human
    match: { action: change, path: ["package.json", "**/Dockerfile", ".github/**"] }
    except: [{ phase: planning, path: ["docs/**"] }]
    effect: require_review
    reason: Sensitive file
    examples:
      match: [{ action: change, path: package.json }]
      no_match: [{ action: change, path: src/a.ts }]
`
    const { rules, warnings } = Either.getOrThrow(parseRules("p.yaml", text, "user"))
    assert.deepStrictEqual(rules.map(({ name }) => name), ["write-source", "manifests-need-a-human"])
    assert.deepStrictEqual(warnings, [])
  })

  it("takes a file of no rules", () => {
    assert.deepStrictEqual(Either.getOrThrow(parseRules("p.yaml", "version: 1\nrules: []\n", "user")).rules, [])
  })

  it.each<[string, string, string, string | undefined, string]>([
    ["nothing", "", "1:1", undefined, "it is empty"],
    ["a comment", "# hi\n", "1:1", undefined, "it is empty"],
    ["broken YAML", "version: 1\nrules: [", "2:9", undefined, "Flow"],
    ["a list", "- a\n", "1:1", undefined, "Expected"],
    ["no version", "rules: []\n", "1:1", undefined, "version is missing"],
    ["another version", "version: 2\nrules: []\n", "1:10", undefined, "version must be 1, not 2"],
    ["no rules", "version: 1\n", "1:1", undefined, "rules is missing"],
    ["an unknown key at the top", "version: 1\nrules: []\nrule: []\n", "3:1", undefined, "unknown key \"rule\""],
    [
      "an unknown key of a rule",
      rule("    match: { action: merge }\n    efect: deny\n"),
      "6:5",
      "r",
      "unknown key \"efect\""
    ],
    ["an unknown field", rule("    match: { action: merge, paht: a }\n"), "5:29", "r", "unknown key \"paht\""],
    [
      "an unknown field of an exception",
      rule("    match: { action: merge }\n    except:\n      - { paths: a }\n"),
      "7:11",
      "r",
      "unknown key \"paths\""
    ],
    ["an unknown action", rule("    match: { action: [merge, fs.reed] }\n"), "5:30", "r", "unknown action \"fs.reed\""],
    ["an unknown single action", rule("    match: { action: fs.reed }\n"), "5:22", "r", "unknown action \"fs.reed\""],
    ["an unknown phase", rule("    match: { action: merge, phase: code }\n"), "5:36", "r", "unknown phase \"code\""],
    [
      "an unknown effect",
      `${head}  - name: r\n    match: { action: merge }\n    effect: permit\n`,
      "5:13",
      "r",
      "unknown effect \"permit\""
    ],
    ["no effect", `${head}  - name: r\n    match: { action: merge }\n`, "3:5", "r", "effect is missing"],
    [
      "a number for a path",
      rule("    match: { action: merge, path: [a, 7] }\n"),
      "5:39",
      "r",
      "a path must be one line of text"
    ],
    ["nothing for a path", rule("    match: { action: merge, path: }\n"), "5:", "r", "a path must be one line of text"],
    ["an empty path", rule("    match: { action: merge, path: \"\" }\n"), "5:35", "r", "a path must be"],
    [
      "a yes for an argument",
      rule("    match: { action: shell.exec, args: [[true]] }\n"),
      "5:42",
      "r",
      "an argument must be text"
    ],
    [
      "a word for a list of arguments",
      rule("    match: { action: shell.exec, args: push }\n"),
      "5:40",
      "r",
      "args must be a list, such as [a, b]"
    ],
    [
      "a path that leaves the project",
      rule("    match: { action: merge, path: ../a }\n"),
      "5:35",
      "r",
      "no path has . or .."
    ],
    ["an empty prefix", rule("    match: { action: shell.exec, args: [[]] }\n"), "5:41", "r", "empty prefix"],
    ["an empty match", rule("    match: {}\n"), "5:12", "r", "would match everything"],
    [
      "an empty exception",
      rule("    match: { action: merge }\n    except: [{}]\n"),
      "6:14",
      "r",
      "would match everything"
    ],
    [
      "a broken pattern",
      rule("    match:\n      action: merge\n      path:\n        - a\n        - \"[b\"\n"),
      "9:11",
      "r",
      "can never match"
    ],
    ["a comment for a pattern", rule("    match: { action: merge, path: \"#a\" }\n"), "5:35", "r", "comment"],
    ["a broken command", rule("    match: { action: shell.exec, command: \"[b\" }\n"), "5:43", "r", "can never match"],
    [
      "a name twice",
      `${rule("    match: { action: merge }\n")}  - name: r\n    effect: deny\n    match: { action: merge }\n`,
      "6:11",
      "r",
      "another rule"
    ],
    [
      "a name with a blank",
      `${head}  - { name: a b, effect: deny, match: { action: merge } }\n`,
      "3:13",
      "a b",
      "a rule's name"
    ],
    [
      "the name default",
      `${head}  - { name: default, effect: deny, match: { action: merge } }\n`,
      "3:13",
      "default",
      "a rule's name"
    ],
    ["no name", `${head}  - { effect: deny, match: { action: merge } }\n`, "3:5", undefined, "name is missing"],
    [
      "an escape in a reason",
      rule("    match: { action: merge }\n    reason: \"a\\e[2J\"\n"),
      "6:13",
      "r",
      "a reason must be one line"
    ],
    [
      "an example that should match",
      rule("    match: { action: merge, path: a }\n    examples: { match: [{ action: merge, path: b }] }\n"),
      "6:25",
      "r",
      "should match, but the rule does not"
    ],
    [
      "an example that should not match",
      rule("    match: { action: merge }\n    examples:\n      no_match:\n        - { action: merge, path: b }\n"),
      "8:11",
      "r",
      "should not match"
    ],
    [
      "an example without an action",
      rule("    match: { action: merge }\n    examples: { match: [{ path: a }] }\n"),
      "6:25",
      "r",
      "action is missing"
    ],
    [
      "an example outside the project",
      rule("    match: { action: merge }\n    examples: { match: [{ action: merge, path: ../a }] }\n"),
      "6:48",
      "r",
      "leaves the project"
    ],
    [
      "an example of an untidy path",
      rule("    match: { action: merge }\n    examples: { match: [{ action: merge, path: ./a }] }\n"),
      "6:48",
      "r",
      "write it a"
    ],
    [
      "an example of nothing",
      rule("    match: { action: merge }\n    examples: { match: [{ action: merge, path: [] }] }\n"),
      "6:25",
      "r",
      "stands for no request"
    ],
    ["an anchor", "version: 1\nrules: &a []\n", "2:", undefined, "anchors and aliases"],
    [
      "a bomb of aliases",
      `version: 1\na: &a [1]\n${"b: [*a, *a, *a]\n"}rules: []\n`,
      "2:",
      undefined,
      "anchors and aliases"
    ],
    ["a tag", "version: 1\nrules: !!seq []\n", "2:", undefined, "tags are not used"],
    ["an unknown tag", "version: !run 1\nrules: []\n", "1:10", undefined, "nresolved tag"],
    ["a directive", "%YAML 1.1\n---\nversion: 1\nrules: []\n", "1:1", undefined, "directives"],
    ["a tag directive", "%TAG ! tag:x,2000:\n---\nversion: 1\nrules: []\n", "1:1", undefined, "directives"],
    [
      "two documents",
      "version: 1\nrules: []\n---\nversion: 1\nrules: []\n",
      "3:1",
      undefined,
      "more than one document"
    ],
    ["a key twice", "version: 1\nrules: []\nrules: []\n", "3:1", undefined, "given twice"],
    ["a key that is a list", "version: 1\n? [a]\n: b\nrules: []\n", "2:3", undefined, "plain text"],
    ["a key that is a number", "version: 1\n1: b\nrules: []\n", "2:1", undefined, "plain text"],
    ["a merge key", rule("    <<: { effect: deny }\n    match: { action: merge }\n"), "5:5", "r", "unknown key \"<<\""],
    [
      "a prototype",
      rule("    __proto__: { effect: deny }\n    match: { action: merge }\n"),
      "5:5",
      "r",
      "unknown key \"__proto__\""
    ]
  ])("refuses %s with its place", (_, text, at, rule, problem) => {
    const error = errorOf(text)
    assert.isTrue(error.at.startsWith(at), `${error.at} is not ${at}: ${error.problem}`)
    assert.include(error.problem, problem)
    assert.strictEqual(error.rule, rule)
  })
})
