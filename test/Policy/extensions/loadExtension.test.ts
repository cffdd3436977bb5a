import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { load, request } from "../../support/extension.ts"

const asked = (text: string, file?: string) =>
  Effect.flatMap(load(text, file), ({ extension }) => extension.ask(request))

const refused = (text: string, file?: string) => Effect.map(Effect.flip(load(text, file)), ({ message }) => message)

const rule = "export default () => undefined"

type Refused = ReadonlyArray<readonly [what: string, text: string, message: string]>

describe("loadExtension", () => {
  it.effect("asks a function of the request, and knows it by its file", () =>
    Effect.gen(function*() {
      const { extension, outcomes } = yield* load(
        `export default function rule({ action, path }) {
          if (path.endsWith(".ts")) return { effect: "require_review", reason: action + " of " + path }
        }`,
        "/home/me/types-need-a-human.js"
      )
      assert.deepInclude(extension, { name: "types-need-a-human", layer: "user" })
      assert.deepStrictEqual(outcomes, [])
      assert.deepStrictEqual(yield* extension.ask(request), {
        _tag: "Answered",
        effect: "require_review",
        reason: "change of src/a.ts"
      })
      assert.deepStrictEqual(yield* extension.ask({ ...request, path: "a.js" }), { _tag: "Abstained" })
    }))

  it.effect("hands over all of a request and nothing else", () =>
    Effect.gen(function*() {
      const whole = {
        ...request,
        tool: "fs.write",
        command: "\ud800\u0000é",
        args: ["a", "\""],
        host: "h",
        caller: "c"
      }
      const { extension } = yield* load(`export default (request) => ({
        effect: "allow",
        reason: JSON.stringify([request, this === undefined])
      })`)
      const verdict = yield* extension.ask(whole)
      assert.deepStrictEqual(JSON.parse(verdict._tag === "Answered" ? verdict.reason : ""), [whole, true])
    }))

  it.effect("takes the example of the documentation", () =>
    Effect.gen(function*() {
      const docs = readFileSync(join(import.meta.dirname, "../../../docs/policy.md"), "utf8")
      const { extension, outcomes } = yield* load(/```ts\n([^]*?)```/.exec(docs)?.[1] ?? "", "rule.ts")
      assert.deepStrictEqual([extension.name, outcomes.length], ["migrations", 5])
      const verdict = yield* extension.ask({ ...request, path: "db/migrations/0001-users.sql" })
      assert.deepInclude(verdict, { effect: "require_review", reason: "migration 0001 runs on production data" })
    }))

  it.effect("takes the types out of TypeScript", () =>
    Effect.gen(function*() {
      const text = `import type { ExtensionRule } from "fluffy-kernel/Policy"
        interface Wanted { readonly path?: string }
        const path = ({ path }: Wanted): string => path!
        const rule: ExtensionRule = (request) => ({ effect: "deny" as const, reason: path(request satisfies Wanted) })
        export default rule`
      assert.deepStrictEqual(yield* asked(text, "rule.ts"), { _tag: "Answered", effect: "deny", reason: "src/a.ts" })
    }))

  const wrong: Refused = [
    ["a syntax error", "export default () => {\n  let a = ;\n}", "rule.js:2:11: SyntaxError"],
    ["a throw", "const a = 1\nthrow new Error('at the top')", "rule.js:2:16: Error: at the top"],
    ["a name nobody knows", "export default () => 1\n  foo()", "rule.js:2:3: ReferenceError"],
    ["a syntax error in TypeScript", "const a = 1\nlet x: = 3", "rule.ts:2:8: Unexpected token"],
    ["TypeScript that is more than types", "\nenum A { B }\n" + rule, "rule.ts:2:1: TypeScript enum is not supported"],
    ["a syntax error behind types", "type A = 1\nconst a = (b: A) => b b", "rule.ts:2:23"],
    ["an import", "import fs from 'node:fs'\n" + rule, "rule.js: an extension imports nothing"],
    ["a re-export", "export { readFileSync } from 'node:fs'\n" + rule, "rule.js: an extension imports nothing"],
    ["a promise at the top", "await 1\n" + rule, "rule.js: it waits for a promise at its top level"],
    ["no default export", "export const name = 'a'", "it has to export default a function, not undefined"],
    ["a default export that is no function", "\nexport default {}", "rule.js:2:1: it has to export default a function"],
    [
      "an export with a slip in it",
      rule + "\nexport const example = {}",
      "rule.js:2:1: it exports \"example\"; known are"
    ],
    ["a name no rule may have", rule + "\nexport const name = 'a b'", "rule.js:2:1: a name is up to 64 letters"],
    ["the name of the default", rule + "\nexport const name = 'default'", "rule.js:2:1: a name is up to 64 letters"],
    ["a name that is none", rule + "\nexport const name = {}", "rule.js:2:1: a name is up to 64 letters"],
    ["nothing at all", "", "it has to export default a function"]
  ]

  it.effect.each(wrong)("refuses %s, with its place", ([, text, message]) =>
    Effect.gen(function*() {
      assert.include(yield* refused(text, message.startsWith("rule.ts") ? "rule.ts" : "rule.js"), message)
    }))

  it.effect("refuses a file whose name is none and that gives no other", () =>
    Effect.gen(function*() {
      assert.include(yield* refused(rule, "my rule.js"), "export const name = \"...\" gives one")
      const { extension } = yield* load(`${rule}\nexport const name = "mine"`, "my rule.js")
      assert.strictEqual(extension.name, "mine")
    }))

  const hostile: ReadonlyArray<readonly [text: string, message: string]> = [
    ["for (;;);", "it takes longer than 1000 ms to load"],
    ["Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)", "it takes longer than 1000 ms to load"],
    ["const a = []; for (;;) a.push(new Array(1000).fill(1))", "InternalError: out of memory"],
    ["JSON.parse('['.repeat(1e5))", "it crashes when it is loaded"],
    ["throw { toString() { throw 1 } }", "something that cannot be shown"],
    ["throw { get stack() { for (;;); } }", "it takes longer than 1000 ms to load"],
    ["throw 'a\\u001b[2Jb\\nc'", "a\\x1b[2Jb c"],
    ["Object.prototype.toJSON = () => 1; throw 1", "it crashes when it is loaded"],
    ["Object.prototype.toJSON = () => 1", "its exports cannot be read"]
  ]

  it.effect.each(hostile)("refuses a module that does %s", ([text, message]) =>
    Effect.gen(function*() {
      assert.include(yield* refused(`${text}\n${rule}`), message)
    }))

  it.effect("refuses TypeScript that breaks the stripper, and then reads the next file", () =>
    Effect.gen(function*() {
      const deep = `export default ${"(".repeat(10_000)}1${")".repeat(10_000)}`
      assert.include(yield* refused(deep, "rule.ts"), "its types cannot be removed")
      assert.include(yield* refused("let x: = 3", "rule.ts"), "rule.ts:1:8")
      assert.deepStrictEqual(yield* asked(`${rule} as unknown`, "rule.ts"), { _tag: "Abstained" })
    }))

  describe("examples", () => {
    const examples = (
      examples: string,
      body = `if (path?.startsWith("db/")) return { effect: "deny", reason: "no" }`
    ) =>
      `export const name = "db"
      export default ({ path }) => { ${body} }
export const examples = ${examples}`

    it.effect("are tried, each combination of their lists", () =>
      Effect.gen(function*() {
        const { outcomes } = yield* load(examples(`{
          match: [{ action: ["change", "merge"], path: ["db/a", "db/b"] }],
          no_match: [{ action: "fs.read" }]
        }`))
        assert.strictEqual(outcomes.length, 5)
        assert.isTrue(outcomes.every(({ ok }) => ok))
        assert.deepInclude(outcomes[0], { rule: "db", kind: "match", index: 0 })
      }))

    const wrong: ReadonlyArray<readonly [string, string | undefined, string]> = [
      ["{ match: [{ action: 'change', path: 'a' }] }", undefined, "should match, but the extension says nothing"],
      ["{ no_match: [{ action: 'change', path: 'db/a' }] }", undefined, "should not match, but it says deny"],
      ["{ match: [{ action: 'change' }] }", "throw new Error('x')", "it failed (throw): Error: x"],
      ["{ no_match: [{ action: 'change' }] }", "return 1", "it failed (answer)"],
      ["{ no_match: [{ action: 'change' }] }", "for (;;);", "it failed (timeout)"],
      ["{ no_match: [{ action: 'chang' }] }", undefined, "unknown action \"chang\""],
      ["{ no_match: [{ action: 'change', pth: 'a' }] }", undefined, "examples.no_match.0.pth"],
      ["{ matches: [] }", undefined, "examples.matches"],
      ["{ match: [{ action: 'change', path: '../a' }] }", undefined, "is not one of a project"],
      ["{ match: [{ action: [] }] }", undefined, "it stands for no request"],
      ["1", undefined, "examples"],
      ["() => 1", undefined, "examples"],
      ["{ match: [], get no_match() { throw 1 } }", undefined, "it crashes when it is loaded"],
      ["{ match: [{ action: 'change', path: 'a'.repeat(300000) }] }", undefined, "larger than 256 KiB"],
      [
        "{ no_match: Array(5).fill({ action: 'change', path: Array(250).fill('a') }) }",
        undefined,
        "more than 1000 requests"
      ]
    ]

    it.effect.each(wrong)("refuse the file that holds %s", ([given, body, message]) =>
      Effect.gen(function*() {
        assert.include(yield* refused(examples(given, body)), message)
      }))

    it.effect("are told with the extension and their line", () =>
      Effect.gen(function*() {
        assert.match(
          yield* refused(examples("{ match: [{ action: 'change', path: 'a' }] }")),
          /rule\.js:3:1 \(rule db\): the example change "a" should match/
        )
      }))
  })
})
