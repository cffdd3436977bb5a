import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import { stringify } from "yaml"
import { parseRules } from "../../src/Policy/parseRules.ts"

const problemOf = (text: string) => {
  const result = parseRules("p.yaml", text, "project")
  return Either.isLeft(result) ? result.left.problem : assert.fail(`must be refused: ${text.slice(0, 200)}`)
}

const head = "version: 1\nrules:\n"

describe("parseRules, of a hostile file,", () => {
  it("refuses more than 1 MiB, in bytes", () => {
    assert.include(problemOf(`version: 1\nrules: []\n# ${"é".repeat(600 * 1024)}`), "larger than 1 MiB")
  })

  it("refuses what is nested too deeply", () => {
    assert.include(problemOf("[".repeat(100_000)), "nested too deeply")
    assert.include(
      problemOf(`version: 1\nrules: ${"[".repeat(20_000)}${"]".repeat(20_000)}`),
      "nested too deeply"
    )
    assert.isString(problemOf(`version: 1\nrules:\n${"- ".repeat(40_000)}a`))
  })

  it("answers soon for a file full of keys, of errors, of rules", () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `k${index}: a`)
    assert.include(problemOf(lines.join("\n")), "unknown key")
    assert.isString(problemOf("a: b: c\n".repeat(5_000)))
    const rules = Array.from(
      { length: 4_000 },
      (_, index) => `  - { name: r${index}, match: { action: merge, path: a${index} }, effect: deny }`
    )
    assert.lengthOf(Either.getOrThrow(parseRules("p.yaml", `${head}${rules.join("\n")}`, "user")).rules, 4_000)
  })

  it("refuses an example whose lists multiply without end", () => {
    const paths = `[${Array.from({ length: 300 }, (_, index) => `a${index}`).join(", ")}]`
    const example = `{ action: merge, path: ${paths}, tool: ${paths}, caller: ${paths} }`
    const text = `${head}  - { name: r, effect: deny, match: { action: merge }, examples: { match: [${example}] } }`
    assert.include(problemOf(text), "more than 256 requests")
  })

  it("refuses examples that together take too long to be tried, before it tries them", () => {
    const list = (n: number, name: string) => Array.from({ length: n }, (_, index) => `${name}${index}*z`).join(", ")
    const example = `{ action: merge, path: [${list(200, "q")}] }`
    const rule = (name: string, patterns: number, examples: number) =>
      `  - { name: ${name}, effect: deny, match: { action: merge, path: [${list(patterns, "p")}] }, ` +
      `examples: { no_match: [${Array(examples).fill(example).join(", ")}] } }\n`
    assert.include(problemOf(`${head}${rule("a", 30_000, 1)}`), "too long to be tried")
    assert.include(problemOf(head + Array.from({ length: 30 }, (_, n) => rule(`r${n}`, 500, 1)).join("")), "too long")
    assert.isTrue(Either.isRight(parseRules("p.yaml", `${head}${rule("a", 100, 10)}`, "user")))
  })

  it("never throws, and refuses or reads, whatever the text", () => {
    const piece = fc.constantFrom(
      "version: 1\n",
      "rules:\n",
      "  - name: a\n",
      "    match: ",
      "{ action: merge }\n",
      "    effect: deny\n",
      "&a",
      "*a",
      "!!x ",
      "? ",
      "- ",
      "[",
      "]",
      "{",
      "}",
      ": ",
      "\t",
      "#",
      "|\n",
      ">\n",
      "'",
      "\"",
      "%",
      "---\n",
      "\u0000",
      "<<",
      "\ud800",
      "__proto__: ",
      "    except:\n",
      "    examples:\n"
    )
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")),
      fc.string({ unit: "binary" })
    )
    fc.assert(
      fc.property(text, (text) => {
        const result = parseRules("p.yaml", text, "project")
        if (Either.isLeft(result)) assert.isAtLeast(result.left.message.length, 10)
      }),
      { numRuns: 500 }
    )
  })

  it("never throws on a document of any shape", () => {
    const keys = fc.constantFrom(
      "version",
      "rules",
      "name",
      "match",
      "except",
      "effect",
      "action",
      "path",
      "examples",
      "no_match",
      "args"
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom<unknown>(1, null, "merge", "deny", "a", true, 1.5),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(keys, tie("tree"), { maxKeys: 5 })
      )
    }))
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 3 }), (rules) => {
        const result = parseRules("p.yaml", stringify({ version: 1, rules }, { aliasDuplicateObjects: false }), "user")
        if (Either.isLeft(result)) assert.isAbove(result.left.line, 0)
      }),
      { numRuns: 300 }
    )
  })
})
