import { assert, describe, it } from "@effect/vitest"

const path = new URL("../../scripts/plain-tests.mjs", import.meta.url).href
const { plainTests }: { readonly plainTests: (file: string, text: string) => ReadonlyArray<string> } = await import(
  path
)

describe("the check for tests that run nothing", () => {
  it.each([
    `it("a", () => Effect.gen(function*() {}))`,
    `it("a", () => { return program.pipe(Effect.asVoid) })`,
    `it.each([1])("a %s", (n) => program(n))`,
    `it("a", function*() {})`,
    `it("a", { timeout: 3 }, () => Effect.void)`,
    `import { test } from "vitest"\ntest("a", () => { if (x) { return program } })`
  ])("finds %s", (text) => {
    assert.lengthOf(plainTests("a.test.ts", text), 1)
  })

  it.each([
    `it("a", () => assert.ok(1))`,
    `it("a", () => { const xs = list.map((x) => { return x }); expect(xs).toBe(1) })`,
    `it("a", async () => run())`,
    `it("a", () => Effect.runPromise(program))`,
    `it("a", () => runtime.runPromise(program))`,
    `it.effect("a", () => Effect.gen(function*() {}))`,
    `it.live("a", () => program)`,
    `const test = wrap(it.live)\ntest("a", () => program)`
  ])("leaves %s", (text) => {
    assert.deepStrictEqual(plainTests("a.test.ts", text), [])
  })

  it("names the file and the line", () => {
    assert.match(plainTests("a.test.ts", `\n\nit("a", () => program)`)[0] ?? "", /^a\.test\.ts:3 /)
  })
})
