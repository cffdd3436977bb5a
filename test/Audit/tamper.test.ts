import { assert, it } from "@effect/vitest"
import type Database from "better-sqlite3"
import { Effect, Logger } from "effect"
import { draft, link } from "../../src/Audit/chain.ts"
import { event } from "../contract/AuditContract.ts"
import { newFile, opened, tamper, using } from "../support/auditFile.ts"

const ten = (file: string) =>
  using(file, (audit) =>
    Effect.forEach(
      Array.from({ length: 10 }, (_, index) => index + 1),
      (n) => audit.append(event(`a${n}`, { detail: { n } })),
      { discard: true }
    ))

const sql = (text: string) => (database: Database.Database) => {
  database.exec(text)
}

const swap = (columns: string) =>
  sql(`CREATE TEMP TABLE copy AS SELECT * FROM entries;
    UPDATE entries SET (${columns}) = (SELECT ${columns} FROM copy WHERE seq = 9 - entries.seq) WHERE seq IN (4, 5)`)

const forge = (database: Database.Database) => {
  const head = database.prepare("SELECT segment, seq, hash FROM head").get() as {
    segment: number
    seq: number
    hash: string
  }
  const row = link(head, draft(event("forged"), 0))
  database.prepare("INSERT INTO entries VALUES (@seq, @segment, @session, @category, @payload, @hash)").run(row)
}

// What is done to a log of ten entries, the entry that is named, and how the reason begins.
const cases: ReadonlyArray<readonly [string, (database: Database.Database) => void, number, string]> = [
  [
    "a payload's content",
    sql("UPDATE entries SET payload = replace(payload, 'model', 'human') WHERE seq = 5"),
    5,
    "hash mismatch"
  ],
  ["a payload's spacing", sql("UPDATE entries SET payload = payload || ' ' WHERE seq = 5"), 5, "hash mismatch"],
  ["a payload into no JSON", sql("UPDATE entries SET payload = 'x' WHERE seq = 5"), 5, "unreadable"],
  ["a payload into null", sql("UPDATE entries SET payload = 'null' WHERE seq = 5"), 5, "unreadable"],
  ["a hash", sql("UPDATE entries SET hash = upper(hash) WHERE seq = 5"), 5, "hash mismatch"],
  [
    "the first hash",
    sql("UPDATE entries SET hash = replace(hash, substr(hash, 1, 1), 'z') WHERE seq = 1"),
    1,
    "hash mismatch"
  ],
  ["a session", sql("UPDATE entries SET session = 's-two' WHERE seq = 5"), 5, "column mismatch: session"],
  ["a session into none", sql("UPDATE entries SET session = NULL WHERE seq = 5"), 5, "column mismatch: session"],
  ["a category", sql("UPDATE entries SET category = 'model' WHERE seq = 5"), 5, "column mismatch: category"],
  ["a segment", sql("UPDATE entries SET segment = 2 WHERE seq = 5"), 5, "column mismatch: segment"],
  ["a number", sql("UPDATE entries SET seq = 50 WHERE seq = 5"), 5, "gap: entry 5 is missing"],
  ["a number below all", sql("UPDATE entries SET seq = -5 WHERE seq = 5"), -5, "out of order"],
  ["the presence of the first entries", sql("DELETE FROM entries WHERE seq < 3"), 1, "gap: entries 1 to 2 are missing"],
  ["the presence of a middle entry", sql("DELETE FROM entries WHERE seq = 5"), 5, "gap: entry 5 is missing"],
  ["the presence of the last entry", sql("DELETE FROM entries WHERE seq = 10"), 10, "truncated: entry 10 is missing"],
  [
    "the presence of the last entries",
    sql("DELETE FROM entries WHERE seq > 7"),
    8,
    "truncated: entries 8 to 10 are missing"
  ],
  ["the presence of all entries", sql("DELETE FROM entries"), 1, "truncated: entries 1 to 10 are missing"],
  ["the presence of the entries' table", sql("DROP TABLE entries"), 1, "truncated: entries 1 to 10 are missing"],
  [
    "the presence of an entry, closing the gap",
    sql("DELETE FROM entries WHERE seq = 5; UPDATE entries SET seq = seq - 1 WHERE seq > 5"),
    5,
    "column mismatch: seq"
  ],
  ["two payloads' places", swap("payload"), 4, "hash mismatch"],
  ["two entries' places", swap("payload, hash"), 4, "column mismatch: seq"],
  ["the end by a forged entry", forge, 11, "beyond the head"],
  ["the head's number to a later one", sql("UPDATE head SET seq = 12"), 11, "truncated: entries 11 to 12 are missing"],
  ["the head's number to an earlier one", sql("UPDATE head SET seq = 6"), 7, "beyond the head"],
  ["the head's hash", sql("UPDATE head SET hash = 'x'"), 10, "head mismatch"],
  ["the head's segment", sql("UPDATE head SET segment = 3"), 10, "head mismatch"],
  ["the head's number to the largest", sql("UPDATE head SET seq = 9007199254740991"), 11, "truncated"],
  ["the head's number beyond exact ones", sql("UPDATE head SET seq = 9223372036854775807"), 10, "head missing"],
  ["the presence of the head", sql("DELETE FROM head"), 10, "head missing"],
  ["the presence of the head's table", sql("DROP TABLE head"), 10, "head missing"]
]

for (const [what, change, seq, reason] of cases) {
  it.scoped(`names entry ${seq} where somebody changed ${what}, then and ever after`, () =>
    Effect.gen(function*() {
      const file = yield* newFile
      yield* ten(file)
      yield* tamper(file, change)
      const all = (database: Database.Database) => database.prepare("SELECT * FROM entries ORDER BY seq").all()
      const before = what.includes("table") ? [] : yield* tamper(file, all)

      const named = yield* using(file, (audit) => audit.verify())
      assert.lengthOf(named.broken, 1)
      assert.strictEqual(named.broken[0]?.seq, seq)
      assert.isTrue(named.broken[0]?.reason.startsWith(reason), named.broken[0]?.reason)
      assert.strictEqual(named.segments, 2)

      yield* using(file, (audit) =>
        Effect.gen(function*() {
          yield* audit.append(event("later"))
          assert.deepStrictEqual((yield* audit.verify()).broken, named.broken)
          const [opening, record, later] = yield* audit.entries({ last: 3 })
          assert.strictEqual(opening?.action, "segment.opened")
          assert.strictEqual(opening?.prev, "0".repeat(64))
          assert.strictEqual(record?.action, "chain.broken")
          assert.deepStrictEqual(record?.detail, { broken: named.broken })
          assert.strictEqual(later?.prev, record?.hash)
          assert.deepStrictEqual(yield* audit.verify({ last: 2 }), { checked: 2, segments: 1, broken: [] })
        }))
      assert.deepStrictEqual((yield* tamper(file, all)).slice(0, before.length), before)
    }))
}

it.scoped("states the old head in the new segment", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* ten(file)
    const head = yield* tamper(file, (database) => {
      database.exec("DELETE FROM entries WHERE seq > 7")
      return database.prepare("SELECT segment, seq, hash FROM head").get()
    })
    yield* using(file, (audit) =>
      Effect.gen(function*() {
        const [opening] = yield* audit.entries({ category: "audit", limit: 1 })
        assert.deepStrictEqual(opening?.detail, { previous: head })
        assert.strictEqual(opening?.seq, 11)
        assert.strictEqual(opening?.segment, 2)
      }))
  }))

it.scoped("names the first broken entry of each segment, and opens a segment for each new break only", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* ten(file)
    yield* tamper(file, sql("UPDATE entries SET session = NULL WHERE seq IN (5, 7)"))
    yield* using(file, (audit) => audit.append(event("two")))
    yield* using(file, (audit) => audit.append(event("still two")))
    yield* tamper(file, sql("UPDATE entries SET session = NULL WHERE payload LIKE '%still two%'"))
    yield* using(file, (audit) =>
      Effect.gen(function*() {
        const { broken, segments } = yield* audit.verify()
        assert.deepStrictEqual(broken.map(({ seq }) => seq), [5, 14])
        assert.strictEqual(segments, 3)
      }))
    yield* tamper(file, sql("DELETE FROM entries WHERE seq = 3"))
    yield* using(file, (audit) =>
      Effect.gen(function*() {
        const { broken, segments } = yield* audit.verify()
        assert.deepStrictEqual(broken.map(({ seq }) => seq), [3, 14])
        assert.strictEqual(segments, 4)
        const records = (yield* audit.entries({ category: "audit" })).filter(({ action }) => action === "chain.broken")
        assert.deepStrictEqual(records.map(({ detail }) => (detail["broken"] as typeof broken).map(({ seq }) => seq)), [
          [5],
          [14],
          [3]
        ])
      }))
  }))

it.scoped("names entries lost with a whole segment", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* ten(file)
    yield* tamper(file, sql("UPDATE entries SET session = NULL WHERE seq = 5"))
    yield* using(file, (audit) => audit.verify())
    yield* tamper(file, sql("DELETE FROM entries WHERE segment = 1"))
    const { broken } = yield* using(file, (audit) => audit.verify())
    assert.deepStrictEqual(broken, [{ seq: 1, reason: "truncated: entries 1 to 10 are missing" }])
  }))

it.scoped("shows the other entries beside one that cannot be read", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* ten(file)
    yield* tamper(file, sql("UPDATE entries SET payload = '{}' WHERE seq = 5"))
    const entries = yield* using(file, (audit) => audit.entries({ limit: 6 }))
    assert.deepStrictEqual(
      entries.map(({ action, seq }) => `${seq} ${action}`),
      ["1 a1", "2 a2", "3 a3", "4 a4", "5 entry.unreadable", "6 a6"]
    )
  }))

it.scoped("fails to open a log whose numbers were used up, and adds nothing", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* ten(file)
    yield* tamper(file, sql("UPDATE entries SET seq = 9223372036854775807 WHERE seq = 10"))
    const error = yield* Effect.flip(using(file, (audit) => audit.append(event("later"))))
    assert.strictEqual(error.reason, "open")
    assert.strictEqual(
      yield* tamper(file, (database) => database.prepare("SELECT count(*) FROM entries").pluck().get()),
      10
    )
  }))

it.scoped("names a change made while the log is open", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* audit.commit(event("a"))
    yield* audit.commit(event("b"))
    yield* tamper(file, sql("DELETE FROM entries WHERE seq = 2"))
    assert.deepStrictEqual((yield* audit.verify()).broken, [{ seq: 2, reason: "truncated: entry 2 is missing" }])
    yield* audit.commit(event("c"))
    assert.deepStrictEqual((yield* audit.verify()).broken, [{ seq: 2, reason: "gap: entry 2 is missing" }])
  }))

it.scoped("warns of a break when it opens, each time", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* ten(file)
    yield* tamper(file, sql("DELETE FROM entries WHERE seq = 5"))
    const warnings: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      warnings.push(`${logLevel.label} ${String(message)}`)
    })
    const open = Effect.provide(using(file, () => Effect.void), Logger.add(logger))
    yield* open
    const first = warnings.splice(0)
    assert.isNotEmpty(first)
    assert.match(first[0] ?? "", /^WARN .*entry 5/)
    yield* open
    assert.deepStrictEqual(warnings, first)
  }))
