import { assert, describe, it } from "@effect/vitest"
import { canonical } from "../../src/Audit/canonical.ts"
import { canonicalDetail, clip, maxDetailBytes } from "../../src/Audit/detail.ts"

const plainDetail = (detail: Record<string, unknown>) =>
  JSON.parse(canonicalDetail(detail)) as Readonly<Record<string, unknown>>

describe("canonicalDetail", () => {
  it("leaves what JSON can hold as it is", () => {
    const detail = { text: "é\n\u0000\"", list: [1, null, true, { a: [] }], "": -0.5e-9, toJSON: "text" }
    assert.deepStrictEqual(plainDetail(detail), detail)
  })

  it("keeps a member named __proto__ as a member", () => {
    const detail = JSON.parse("{\"__proto__\":{\"polluted\":true}}") as Record<string, unknown>
    const plain = plainDetail(detail)
    assert.isTrue(Object.hasOwn(plain, "__proto__"))
    assert.isUndefined(plain["polluted"])
    assert.strictEqual(canonical(plain), "{\"__proto__\":{\"polluted\":true}}")
  })

  it("names what JSON cannot hold", () => {
    const plain = plainDetail({
      at: new Date(0),
      error: new TypeError("no"),
      map: new Map([["a", new Set([1])]]),
      bytes: new Uint8Array(9),
      symbol: Symbol("s"),
      holes: Object.assign(Array(3), { 2: 3 }) as ReadonlyArray<unknown>,
      infinite: -Infinity
    })
    assert.deepStrictEqual(plain, {
      at: "1970-01-01T00:00:00.000Z",
      error: "TypeError: no",
      map: [["a", [1]]],
      bytes: "[9 bytes]",
      symbol: "[symbol]",
      holes: [null, null, 3],
      infinite: "-Infinity"
    })
  })

  it("survives values that throw when they are read", () => {
    const loop: object = { toJSON: () => ({ toJSON: () => loop }) }
    const plain = plainDetail({
      getter: Object.defineProperty({}, "x", { enumerable: true, get: () => assert.fail("read") }),
      json: { toJSON: () => assert.fail("read") },
      proxy: new Proxy({}, { ownKeys: () => assert.fail("read") }),
      loop,
      kept: 1
    })
    assert.deepStrictEqual(
      [plain["getter"], plain["json"], plain["proxy"], plain["kept"]],
      ["[unreadable]", "[unreadable]", "[unreadable]", 1]
    )
  })

  it("survives a detail that is itself unreadable", () => {
    const detail = new Proxy({}, { ownKeys: () => assert.fail("read") })
    assert.deepStrictEqual(plainDetail(detail), { value: "[unreadable]" })
  })

  it("stays within its size, whatever is in it", () => {
    const deep = (depth: number): unknown => depth === 0 ? "x" : { deeper: deep(depth - 1) }
    const wide = (depth: number): unknown => depth === 0 ? "y".repeat(1000) : Array(40).fill(wide(depth - 1))
    const hostile: ReadonlyArray<Record<string, unknown>> = [
      { text: "\u0001".repeat(32_000) },
      { text: "😀".repeat(5_000_000) },
      { deep: deep(5000) },
      { wide: wide(6) },
      { [`k${"e".repeat(1_000_000)}y`]: 1, other: 2 },
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key ${index}`, "\u0001".repeat(500)])),
      { typed: new Uint8Array(50_000_000) }
    ]
    for (const detail of hostile) assert.isAtMost(Buffer.byteLength(canonicalDetail(detail)), maxDetailBytes)
  })

  it("cuts the long part and keeps its neighbours", () => {
    const plain = plainDetail({ diff: "-".repeat(100_000), path: "src/a.ts", list: Array(9).fill("+".repeat(9000)) })
    assert.strictEqual(plain["path"], "src/a.ts")
    assert.strictEqual(plain["diff"], `${"-".repeat(4096)}… [cut, 100000 characters]`)
  })
})

describe("clip", () => {
  it("leaves no half of a character", () => {
    assert.strictEqual(clip("a😀b", 2), "a\ufffd… [cut, 4 characters]")
    assert.strictEqual(clip("😀", 2), "😀")
  })
})
