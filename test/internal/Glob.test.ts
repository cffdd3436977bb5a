import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import ignore from "ignore"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Glob from "../../src/internal/Glob.ts"
import { wildmatch } from "../support/wildmatch.ts"

interface Fact {
  readonly patterns: ReadonlyArray<string>
  readonly yes: ReadonlyArray<string>
  readonly no: ReadonlyArray<string>
}

const facts: ReadonlyArray<Fact> = [
  { patterns: [], yes: [], no: ["a", "a/b"] },
  { patterns: ["", "# a", "!a", "/", "!"], yes: [], no: ["a", "# a", "!"] },
  {
    patterns: ["package.json"],
    yes: ["package.json", "a/package.json", "package.json/x"],
    no: ["package.jsonx", "Package.json"]
  },
  { patterns: ["/package.json"], yes: ["package.json"], no: ["a/package.json"] },
  { patterns: ["src/**"], yes: ["src/a", "src/a/b/c"], no: ["src", "lib/src/a", "srcs/a"] },
  { patterns: ["src"], yes: ["src", "src/a", "a/src/b"], no: ["a/srcs"] },
  { patterns: ["src/*.ts"], yes: ["src/a.ts", "src/.ts"], no: ["src/a/b.ts", "a/src/a.ts", "src/a.tsx"] },
  { patterns: ["build/"], yes: ["build/x", "a/build/x"], no: ["build", "a/build"] },
  { patterns: ["**/Dockerfile"], yes: ["Dockerfile", "a/b/Dockerfile"], no: ["Dockerfile.dev"] },
  { patterns: ["a/**/b"], yes: ["a/b", "a/x/b", "a/x/y/b", "a/b/c"], no: ["a/xb", "x/a/b"] },
  { patterns: ["**/a/**"], yes: ["a/b", "x/a/b", "x/y/a/b/c"], no: ["a", "x/a"] },
  { patterns: ["a**b"], yes: ["ab", "axb", "x/axb"], no: ["a/b", "b"] },
  { patterns: ["/a*/b**d"], yes: ["ax/bcd", "a/bd"], no: ["a/b/d", "a/c"] },
  { patterns: ["***/x/***"], yes: ["x/y", "a/x/y"], no: ["x", "a/x"] },
  {
    patterns: [".env", ".env.*", "!.env.example"],
    yes: [".env", "a/.env.local"],
    no: [".env.example", "a/.env.example", ".envx"]
  },
  { patterns: ["dir", "!dir/keep"], yes: ["dir/keep", "dir/x"], no: ["keep"] },
  { patterns: ["dir/*", "!dir/keep"], yes: ["dir/x"], no: ["dir/keep", "dir/keep/y"] },
  { patterns: ["!a", "a"], yes: ["a"], no: ["b"] },
  {
    patterns: ["\\!a", "\\#b", "c\\ ", "d  ", "e\\\\"],
    yes: ["!a", "#b", "c ", "d", "e\\"],
    no: ["a", "b", "c", "d  "]
  },
  { patterns: ["?.ts"], yes: ["a.ts", "x/b.ts"], no: [".ts", "ab.ts"] },
  { patterns: ["[a-cx].[!0-9]"], yes: ["a.z", "x.b"], no: ["d.z", "a.1"] },
  {
    patterns: ["[]-]", "q[[:digit:]]", "r[\\]]", "s[^a]", "t[a\\-c]", "u[z-a]", "v[a-]"],
    yes: ["]", "-", "q7", "r]", "sb", "ta", "t-", "v-", "va"],
    no: ["qa", "sa", "tb", "ua", "r\\", "vb"]
  },
  { patterns: ["[a", "b\\", "[[:nope:]]x"], yes: [], no: ["[a", "a", "b\\", "b", "ax"] },
  { patterns: ["a//b", "//c", "d//"], yes: [], no: ["a/b", "c", "d/e", "b"] },
  { patterns: ["x[/]y", "z[a/]z"], yes: [], no: ["x/y", "z/z"] },
  { patterns: ["*"], yes: ["a", ".a", "a/b"], no: [] },
  { patterns: ["/*", "!/src"], yes: ["a", "lib/a"], no: ["src", "src/a"] },
  {
    patterns: ["*.test.*", "test_*.py"],
    yes: ["a.test.ts", "x/y.test.js/z", "a/test_b.py"],
    no: ["test.ts", "test_.pyc"]
  },
  { patterns: ["*a*b*"], yes: ["ab", "xaxbx", "ba/ab"], no: ["ba", "a/b"] }
]

const paths = (fact: Fact) => [...fact.yes, ...fact.no]

/** What git itself says: every fact has a folder of its own with its own `.gitignore`, and one git answers for all of them. */
const askGit = (
  cases: ReadonlyArray<{ readonly patterns: ReadonlyArray<string>; readonly paths: ReadonlyArray<string> }>
) => {
  const directory = mkdtempSync(join(tmpdir(), "fluffy-glob-"))
  const env = { PATH: process.env["PATH"], HOME: directory, GIT_CONFIG_NOSYSTEM: "1" }
  try {
    execFileSync("git", ["init", "-q", directory], { env })
    cases.forEach(({ patterns }, index) => {
      mkdirSync(join(directory, `c${index}`))
      writeFileSync(join(directory, `c${index}`, ".gitignore"), `${patterns.join("\n")}\n`)
    })
    const asked = cases.flatMap(({ paths }, index) => paths.map((path) => `c${index}/${path}`))
    // check-ignore exits with 1 when nothing at all is ignored; the first case makes sure that something is.
    const output = execFileSync("git", ["-C", directory, "check-ignore", "--no-index", "-z", "--stdin"], {
      env,
      input: asked.map((path) => `${path}\0`).join("")
    })
    const ignored = new Set(output.toString("utf8").split("\0"))
    return cases.map(({ paths }, index) => paths.filter((path) => ignored.has(`c${index}/${path}`)))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

describe("Glob", () => {
  for (const fact of facts) {
    it(`means ${JSON.stringify(fact.patterns)} as .gitignore does`, () => {
      const matches = Glob.compile(fact.patterns)
      assert.deepStrictEqual(paths(fact).filter(matches), fact.yes)
    })
  }

  it("agrees with git on every fact of the table", () => {
    const asked = facts.map((fact) => ({ patterns: fact.patterns, paths: paths(fact) }))
    assert.deepStrictEqual(askGit(asked), facts.map((fact) => fact.yes))
  })

  it("matches what git's matcher matches, and agrees with git on all of its table", () => {
    const asked = wildmatch.map(([, path, pattern]) => ({ patterns: [`/${pattern}`], paths: [path] }))
    const git = askGit([{ patterns: ["a"], paths: ["a"] }, ...asked]).slice(1).map((found) => found.length > 0)
    const ours = asked.map(({ paths: [path], patterns }) => Glob.compile(patterns)(path!))
    const told = (answers: ReadonlyArray<boolean>) =>
      wildmatch.map(([, path, pattern], index) => `${pattern} ${path} ${answers[index]}`)
    assert.deepStrictEqual(told(ours), told(git))
    assert.deepStrictEqual(told(ours), told(wildmatch.map(([matches]) => matches)))
  })

  it("agrees with git on random patterns and paths", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "ab",
      "*",
      "**",
      "?",
      "/",
      "/**/",
      "**/",
      "/**",
      "[ab]",
      "[!a]",
      "[a-c]",
      "[",
      "]",
      ".",
      "\\",
      "!",
      " "
    )
    // Left out: `a**/b`, which git before 2.48 reads as `a` + `**/b` (the table above has the meaning), and an escaped slash.
    const line = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""))
      .filter((text) => !/[^/*]\*\*|\\\//.test(text.replace(/^!/, "")))
    const name = fc.constantFrom("a", "b", "ab", "c", "a.b", ".a", "aab", "[", "]", "!", "ba")
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"))
    const seed = Date.now()
    const cases = fc.sample(
      fc.record({
        patterns: fc.array(line, { minLength: 1, maxLength: 4 }),
        paths: fc.uniqueArray(path, { minLength: 12, maxLength: 24 })
      }),
      { numRuns: 400, seed }
    )
    const asked = [{ patterns: ["a"], paths: ["a"] }, ...cases]
    const answers = askGit(asked)
    asked.forEach(({ paths, patterns }, index) => {
      assert.deepStrictEqual(
        paths.filter(Glob.compile(patterns)),
        answers[index],
        `patterns ${JSON.stringify(patterns)}, seed ${seed}`
      )
    })
  })

  it("agrees with the ignore library on the everyday patterns", () => {
    const everyday = facts.filter((fact) =>
      fact.patterns.length > 0 && fact.patterns.every((pattern) => /^[\w.*!/-]+$/.test(pattern))
    )
    assert.isAbove(everyday.length, 10)
    for (const fact of everyday) {
      const library = ignore({ ignorecase: false }).add([...fact.patterns])
      assert.deepStrictEqual(
        paths(fact).filter((path) => library.ignores(path)),
        fact.yes,
        JSON.stringify(fact.patterns)
      )
    }
  })

  it("takes a path that ends in a slash as a directory", () => {
    assert.isTrue(Glob.compile(["build/"])("build/"))
    assert.isFalse(Glob.compile(["build/"])("build"))
    assert.isTrue(Glob.compile(["build"])("a/build/"))
  })

  it("never matches the project itself", () => {
    for (const pattern of ["*", "**", ".", "/", ".*"]) {
      assert.isFalse(Glob.compile([pattern])("."))
      assert.isFalse(Glob.compile([pattern])(""))
    }
  })

  it("takes one character beyond ASCII as one", () => {
    const matches = Glob.compile(["?.txt", "[ä-ü]"])
    assert.deepStrictEqual(["é.txt", "😀.txt", "ö", "a", "éé.txt"].filter(matches), ["é.txt", "😀.txt", "ö"])
  })

  it("answers at once for patterns that make regular expressions explode", () => {
    const many = Glob.compile([`${"*a".repeat(60)}b`, `${"**/a/".repeat(60)}b`, `/${"**/*a*/".repeat(60)}b`])
    assert.isFalse(many("a".repeat(255)))
    assert.isFalse(many(Array.from({ length: 500 }, () => "a").join("/")))
  })

  it("says why a pattern can never match", () => {
    assert.isUndefined(Glob.problemOf("src/**"))
    assert.include(Glob.problemOf("[a"), "never closed")
    assert.include(Glob.problemOf("a\\"), "backslash")
    assert.include(Glob.problemOf("a//b"), "empty name")
    assert.include(Glob.problemOf("/"), "no path")
    assert.include(Glob.problemOf("# a"), "comment")
    for (const line of ["./a", "../a", "!./a", "a/../b", "a/.", "..", "./", "/./a", "a/.. "]) {
      assert.include(Glob.problemOf(line), "no path has . or ..", line)
    }
    for (const line of [".a", "..a", "a./b", "a..", "...", ".*", "a/.b"]) assert.isUndefined(Glob.problemOf(line), line)
  })

  it("says so for exactly the patterns that no path fits", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "*", "?", "/", "[", "]", "!", "\\") }), (line) => {
      if (Glob.problemOf(line) !== undefined) assert.isFalse(Glob.compile([line])("a/a"))
    }))
  })
})
