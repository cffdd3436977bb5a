import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { createHash } from "node:crypto"
import { AuditEntry } from "../../src/Audit.ts"
import { canonical } from "../../src/Audit/canonical.ts"
import { draft, linkAll, openSegment, type Row, start } from "../../src/Audit/chain.ts"
import { toEntry } from "../../src/Audit/read.ts"
import { advance, begin, finish, result } from "../../src/Audit/verification.ts"
import { event } from "../contract/AuditContract.ts"

const chain = (details: ReadonlyArray<Record<string, unknown>>) =>
  linkAll(start, details.map((detail, index) => draft(event(`a${index}`, { detail }), index)))

const verify = (rows: ReadonlyArray<unknown>, head: unknown) =>
  result(finish(advance(begin(), rows as Array<Row>), head))

describe("the canonical form", () => {
  it("is that of RFC 8785", () => {
    // The example of RFC 8785, section 3.2.2, and the order of section 3.2.3.
    const numbers = JSON.parse("[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]") as Array<number>
    const text = "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/"
    assert.strictEqual(
      canonical({ numbers, string: text, literals: [null, true, false] }),
      "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27]," +
        "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
    )
    assert.strictEqual(
      canonical({ "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 }),
      "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\u{1f600}\":5,\"\ufb33\":3}"
    )
  })
})

describe("the chain", () => {
  it("hashes every field of an entry but the hash", () => {
    const { rows } = chain([{ b: 1, a: [true, "é"] }, {}])
    for (const row of rows) {
      const { hash, ...rest } = Schema.decodeUnknownSync(AuditEntry)(toEntry(row))
      assert.strictEqual(row.payload, canonical(rest))
      assert.strictEqual(hash, createHash("sha256").update(row.payload, "utf8").digest("hex"))
    }
  })

  it("verifies whatever was in the details, and reads it back", () => {
    fc.assert(fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), (details) => {
      const { head, rows } = chain(details)
      assert.deepStrictEqual(verify(rows, rows.length === 0 ? undefined : head).broken, [])
      for (const row of rows) assert.strictEqual(row.payload, canonical(JSON.parse(row.payload) as object))
    }))
  })

  it("names an entry when any one byte of its row is another", () => {
    const { head, rows } = chain([{ a: 1 }, { a: 2 }, { a: 3 }])
    const columns = ["session", "category", "payload", "hash"] as const
    fc.assert(
      fc.property(
        fc.nat(2),
        fc.constantFrom(...columns),
        fc.nat(),
        fc.integer({ min: 1, max: 90 }),
        (at, column, where, by) => {
          const row = rows[at] ?? assert.fail("no row")
          const text = row[column] ?? ""
          const index = where % text.length
          const other = String.fromCharCode(32 + ((text.charCodeAt(index) - 32 + by) % 95))
          const altered = { ...row, [column]: text.slice(0, index) + other + text.slice(index + 1) }
          const { broken } = verify(rows.with(at, altered), head)
          assert.deepStrictEqual(broken.map(({ seq }) => seq), [at + 1])
        }
      )
    )
  })

  it("names the entry when a column holds another type", () => {
    const { head, rows } = chain([{}, {}, {}])
    const columns = ["seq", "segment", "session", "category", "payload", "hash"] as const
    for (const column of columns) {
      for (const value of [null, undefined, "2", 2.5, 2n, true, Buffer.from("x"), {}]) {
        const { broken } = verify(rows.with(1, { ...rows[1], [column]: value } as never), head)
        assert.lengthOf(broken, 1, `${column} ${String(value)}`)
      }
    }
  })

  it("goes through a new segment that states the head before it", () => {
    const one = chain([{}, {}])
    const two = openSegment({ segment: 2, seq: 2, previous: one.head }, [], 0)
    const rows = [...one.rows, ...two.rows]
    assert.deepStrictEqual(verify(rows, two.head), { checked: 4, segments: 2, broken: [] })
    assert.deepStrictEqual(verify(rows.slice(1), two.head).broken.map(({ seq }) => seq), [1])
    assert.deepStrictEqual(verify(rows.toSpliced(1, 1), two.head).broken, [
      { seq: 2, reason: "truncated: entry 2 is missing" }
    ])
  })
})
