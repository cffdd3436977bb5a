import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, TestClock } from "effect"
import { createHash } from "node:crypto"
import { Audit, type AuditEvent } from "../../src/Audit.ts"
import { canonical } from "../../src/Audit/canonical.ts"
import { SessionId } from "../../src/domain/SessionId.ts"

const session = SessionId.make("s-one")

/** An event as a tool call makes it; `action` tells several apart. */
export const event = (action: string, fields: Partial<AuditEvent> = {}): AuditEvent => ({
  session,
  category: "tool",
  action,
  actor: "model",
  phase: "coding",
  mode: "strict",
  detail: {},
  ...fields
})

const sequence = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** What every audit log holds. Each test builds the layer anew and needs it to be empty. */
export const suite = (name: string, layer: Layer.Layer<Audit, unknown>) =>
  describe(`Audit contract: ${name}`, () => {
    const check = (title: string, body: Effect.Effect<void, unknown, Audit>) =>
      it.effect(title, () => Effect.provide(body, layer))

    check(
      "gives entries back as they were reported, numbered, timed and chained",
      Effect.gen(function*() {
        const audit = yield* Audit
        yield* TestClock.setTime(Date.UTC(2024, 1, 29, 12, 30, 15, 7))
        const first = event("fs.write", {
          decision: "allow",
          rule: "write-source",
          durationMs: 1.5,
          detail: { a: [1] }
        })
        yield* audit.append(first)
        yield* audit.commit(event("kernel.started", { session: null, phase: null, mode: null, category: "kernel" }))
        const [one, two] = yield* audit.entries()
        assert.deepStrictEqual(one, {
          seq: 1,
          segment: 1,
          at: "2024-02-29T12:30:15.007Z",
          ...first,
          prev: "0".repeat(64),
          hash: one?.hash ?? ""
        })
        assert.strictEqual(two?.prev, one?.hash)
        const { hash, ...rest } = two ?? assert.fail("no second entry")
        assert.strictEqual(hash, createHash("sha256").update(canonical(rest)).digest("hex"))
      })
    )

    check(
      "verifies when empty, whole, and over the last entries",
      Effect.gen(function*() {
        const audit = yield* Audit
        assert.deepStrictEqual(yield* audit.verify(), { checked: 0, segments: 0, broken: [] })
        for (const seq of sequence(10)) yield* audit.append(event(`a${seq}`))
        assert.deepStrictEqual(yield* audit.verify(), { checked: 10, segments: 1, broken: [] })
        assert.deepStrictEqual(yield* audit.verify({ last: 3 }), { checked: 3, segments: 1, broken: [] })
        assert.deepStrictEqual(yield* audit.verify({ last: 99 }), { checked: 10, segments: 1, broken: [] })
        assert.deepStrictEqual(yield* audit.verify({ last: 0 }), { checked: 0, segments: 0, broken: [] })
      })
    )

    check(
      "selects entries by number, session, category and amount",
      Effect.gen(function*() {
        const audit = yield* Audit
        const other = SessionId.make("s-two")
        for (const seq of sequence(6)) {
          yield* audit.append(
            event(`a${seq}`, { session: seq % 2 === 0 ? other : session, category: seq > 3 ? "test" : "tool" })
          )
        }
        const seqs = (query?: Parameters<typeof audit.entries>[0]) =>
          Effect.map(audit.entries(query), (entries) => entries.map(({ seq }) => seq))
        assert.deepStrictEqual(yield* seqs(), [1, 2, 3, 4, 5, 6])
        assert.deepStrictEqual(yield* seqs({ after: 4 }), [5, 6])
        assert.deepStrictEqual(yield* seqs({ limit: 2 }), [1, 2])
        assert.deepStrictEqual(yield* seqs({ after: 1, limit: 2 }), [2, 3])
        assert.deepStrictEqual(yield* seqs({ last: 2 }), [5, 6])
        assert.deepStrictEqual(yield* seqs({ last: 0 }), [])
        assert.deepStrictEqual(yield* seqs({ limit: -1 }), [])
        assert.deepStrictEqual(yield* seqs({ session: other }), [2, 4, 6])
        assert.deepStrictEqual(yield* seqs({ session: other, last: 2 }), [4, 6])
        assert.deepStrictEqual(yield* seqs({ session, category: "test" }), [5])
      })
    )

    check(
      "keeps every entry once, and each fiber's in order, when many write at the same time",
      Effect.gen(function*() {
        const audit = yield* Audit
        const fiber = (id: number) =>
          Effect.forEach(
            sequence(20),
            (n) => n % 7 === 0 ? audit.commit(event(`${id}.${n}`)) : audit.append(event(`${id}.${n}`)),
            { discard: true }
          )
        yield* Effect.forEach(sequence(20), fiber, { concurrency: "unbounded", discard: true })
        const actions = (yield* audit.entries()).map(({ action }) => action)
        assert.strictEqual(new Set(actions).size, 400)
        for (const id of sequence(20)) {
          assert.deepStrictEqual(
            actions.filter((action) => action.startsWith(`${id}.`)),
            sequence(20).map((n) => `${id}.${n}`)
          )
        }
        assert.deepStrictEqual(yield* audit.verify(), { checked: 400, segments: 1, broken: [] })
      })
    )

    check(
      "records what JSON cannot hold, and details without bounds, as something that verifies",
      Effect.gen(function*() {
        const audit = yield* Audit
        const circular: Record<string, unknown> = {}
        circular["self"] = circular
        yield* audit.append(event("odd \ud800", {
          detail: { nan: Number.NaN, big: 10n ** 30n, run: () => 1, lone: "a\udc00b", circular, gone: undefined },
          durationMs: Number.POSITIVE_INFINITY
        }))
        yield* audit.append(event("long", { detail: { text: "é".repeat(1_000_000), kept: "yes" } }))
        yield* audit.append(event("wide", { detail: { list: Array.from({ length: 1_000_000 }, () => ({ a: 1 })) } }))
        assert.deepStrictEqual(yield* audit.verify(), { checked: 3, segments: 1, broken: [] })
        const [odd, long, wide] = yield* audit.entries()
        assert.strictEqual(odd?.action, "odd \ufffd")
        assert.deepStrictEqual(odd?.detail, {
          nan: "NaN",
          big: "1" + "0".repeat(30),
          run: "[function]",
          lone: "a\ufffdb",
          circular: { self: "[circular]" }
        })
        assert.strictEqual(long?.detail["kept"], "yes")
        assert.match(String(long?.detail["text"]), /^é+… \[cut, 1000000 characters\]$/)
        assert.isBelow(JSON.stringify(wide?.detail).length, 64 * 1024)
      })
    )

    check(
      "is not changed by what happens to an event after it was reported",
      Effect.gen(function*() {
        const audit = yield* Audit
        const detail = { command: "rm", args: ["-rf"] }
        yield* audit.append(event("shell.exec", { detail }))
        detail.command = "ls"
        detail.args.pop()
        assert.deepStrictEqual((yield* audit.entries())[0]?.detail, { command: "rm", args: ["-rf"] })
      })
    )

    check(
      "takes no event for the start of a segment",
      Effect.gen(function*() {
        const audit = yield* Audit
        yield* audit.append(event("a"))
        yield* audit.append(event("segment.opened", { category: "audit", detail: { previous: null } }))
        yield* audit.append(event("b"))
        assert.deepStrictEqual(yield* audit.verify(), { checked: 3, segments: 1, broken: [] })
      })
    )
  })
