import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { coverage } from "../../src/Policy/Grant.ts"
import type { PolicyRequest } from "../../src/Policy/PolicyRule.ts"
import { describeScope, problemOfWider, scopeOf, suggestionsFor } from "../../src/Policy/widening.ts"

const paths = (...all: ReadonlyArray<string>) =>
  all.map((path): PolicyRequest => ({ action: "change", phase: "coding", mode: "strict", tool: "fs.write", path }))

const line = (command: string, ...args: ReadonlyArray<string>): PolicyRequest => ({
  action: "shell.exec",
  phase: "coding",
  mode: "strict",
  tool: "shell.exec",
  command,
  args
})

describe("what is suggested as a rule", () => {
  it.each<[ReadonlyArray<PolicyRequest>, ReadonlyArray<ReadonlyArray<string>>]>([
    [paths("src/db/a.sql"), [["/src/db/*.sql"], ["/src/db/**"], ["*.sql"]]],
    [paths("a.sql"), [["/*.sql"], ["*.sql"]]],
    [paths("src/Makefile"), [["/src/**"]]],
    [paths("x/.env"), [["/x/**"]]],
    [paths("Makefile"), []],
    [paths("a/x.sql", "b/y.sql"), [["/a/x.sql", "/b/y.sql"], ["/a/*.sql", "/b/*.sql"], ["/a/**", "/b/**"], ["*.sql"]]],
    [paths("a/x.sql", "b/y.ts"), [["/a/x.sql", "/b/y.ts"], ["/a/**", "/b/**"]]],
    [paths("we[i]rd */a?.sql"), [["/we\\[i\\]rd \\*/*.sql"], ["/we\\[i\\]rd \\*/**"], ["*.sql"]]]
  ])("goes from narrow to wide for paths (%#)", (asked, expected) => {
    assert.deepStrictEqual<ReadonlyArray<unknown>>(suggestionsFor(asked).map(({ path }) => path), expected)
  })

  it.each<[ReadonlyArray<PolicyRequest>, ReadonlyArray<ReadonlyArray<string>>]>([
    [[line("make", "a", "b")], [["make", "a", "b"], ["make", "a"], ["make"]]],
    [[line("make")], [["make"]]],
    [[line("make", "a", "b"), line("make", "a", "c")], [["make", "a"], ["make"]]],
    [[line("make"), line("ninja")], []]
  ])("are the first words of a command line (%#)", (asked, expected) => {
    assert.deepStrictEqual<ReadonlyArray<unknown>>(suggestionsFor(asked).map(({ command }) => command), expected)
  })

  it("stays a short list for a long command line", () => {
    const words = Array.from({ length: 100 }, (_, index) => `w${index}`)
    assert.deepStrictEqual(
      suggestionsFor([line("make", ...words)]).map(({ command }) => command?.length),
      [101, 100, 99, 98, 2, 1]
    )
  })

  const name = fc.stringMatching(/^[a-z.*?![\]\\ #-]{1,6}$/).filter((text) => text !== "." && text !== "..")
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"))

  it("always covers what was asked, whatever the names", () => {
    fc.assert(fc.property(fc.array(path, { minLength: 1, maxLength: 4 }), (all) => {
      const asked = paths(...all)
      for (const wider of suggestionsFor(asked)) {
        assert.isUndefined(problemOfWider(asked, wider))
        for (const one of asked) {
          assert.isTrue(coverage({ ...scopeOf(one, wider), uses: 1, ttlMs: 1 })(one))
        }
      }
    }))
  })

  it("never reaches another action, tool or host", () => {
    fc.assert(fc.property(path, (one) => {
      const [asked] = paths(one)
      for (const wider of suggestionsFor([asked!])) {
        const covers = coverage({ ...scopeOf(asked!, wider), uses: 1, ttlMs: 1 })
        assert.isFalse(covers({ ...asked!, action: "merge" }))
        assert.isFalse(covers({ ...asked!, tool: "shell.exec" }))
        assert.isFalse(covers({ ...asked!, host: "example.com" }))
      }
    }))
  })
})

describe("what a person types as a rule", () => {
  it.each<[ReadonlyArray<PolicyRequest>, Parameters<typeof problemOfWider>[1], RegExp]>([
    [paths("a.sql"), {}, /about paths, or about a command/],
    [paths("a.sql"), { path: ["*"], command: ["make"] }, /about paths, or about a command/],
    [paths("a.sql"), { command: ["make"] }, /is no command/],
    [[line("make")], { path: ["*"] }, /has no path/],
    [paths("a.sql"), { path: ["b.sql"] }, /leaves out "a\.sql"/],
    [paths("a.sql", "b.sql"), { path: ["a.sql"] }, /leaves out "b\.sql"/],
    [paths("a.sql"), { path: ["*", "!a.sql"] }, /leaves out/],
    [paths("a.sql"), { path: [] }, /leaves out/],
    [paths("a.sql"), { path: ["*", "[z"] }, /"\[z" can never match/],
    [paths("a.sql"), { path: ["*\n"] }, /not one line/],
    [paths("a.sql"), { path: Array.from({ length: 21 }, () => "*") }, /more than 20/],
    [[line("make", "x")], { command: [] }, /leaves out "make x"/],
    [[line("make", "x")], { command: ["make", "y"] }, /leaves out/],
    [[line("make", "x")], { command: ["make", "x", "y"] }, /leaves out/]
  ])("is refused when it is no rule for what was asked (%#)", (asked, wider, problem) => {
    assert.match(problemOfWider(asked, wider) ?? "", problem)
  })

  it.each([["*"], ["db/"], ["*.sql", "!c.sql"], ["/db/a.*"]])("may be wider than any suggestion: %s", (...path) => {
    assert.isUndefined(problemOfWider(paths("db/a.sql"), { path }))
  })

  it("is shown with all that it covers", () => {
    const [one] = paths("a.sql")
    assert.strictEqual(describeScope(scopeOf(one!)), "change by fs.write \"a.sql\", exactly")
    assert.strictEqual(
      describeScope(scopeOf(one!, { path: ["*.sql", "b"] })),
      "change by fs.write every path like *.sql, b"
    )
    assert.strictEqual(describeScope(scopeOf(line("a b", "c"))), "shell.exec \"a b\" \"c\", to the letter")
    assert.strictEqual(
      describeScope(scopeOf(line("make", "x"), { command: ["make"] })),
      "shell.exec \"make\" and whatever follows"
    )
  })
})
