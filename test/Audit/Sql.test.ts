import { assert, it } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { layer } from "../../src/Audit/Sql.ts"
import { event, suite } from "../contract/AuditContract.ts"
import { newFile, opened, tamper, temporary, using } from "../support/auditFile.ts"

suite("Sql", Layer.unwrapScoped(Effect.map(newFile, (file) => layer({ file }))))

const stored = (file: string) =>
  tamper(file, (database) => database.prepare("SELECT count(*) FROM entries").pluck().get() as number)

it.scoped("keeps its file and directory to the owner, write-ahead and fully synchronous", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* audit.commit(event("a"))
    assert.strictEqual(statSync(dirname(file)).mode & 0o777, 0o700)
    for (const suffix of ["", "-wal", "-shm"]) assert.strictEqual(statSync(file + suffix).mode & 0o777, 0o600)
    const mode = yield* tamper(file, (database) => database.pragma("journal_mode", { simple: true }))
    assert.strictEqual(mode, "wal")
  }))

it.scoped("takes back permissions that others have on its file", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* using(file, (audit) => audit.commit(event("a")))
    chmodSync(file, 0o666)
    yield* using(file, (audit) => audit.commit(event("b")))
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
  }))

it.scoped("buffers appended entries for 500 ms", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* audit.append(event("a"))
    yield* audit.append(event("b"))
    yield* TestClock.adjust("499 millis")
    assert.strictEqual(yield* stored(file), 0)
    yield* TestClock.adjust("1 millis")
    assert.strictEqual(yield* stored(file), 2)
    yield* audit.append(event("c"))
    yield* TestClock.adjust("500 millis")
    assert.strictEqual(yield* stored(file), 3)
  }))

it.scoped("writes 100 buffered entries at once, without the clock moving on", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* Effect.forEach(Array(99), () => audit.append(event("a")))
    assert.strictEqual(yield* stored(file), 0)
    yield* audit.append(event("a"))
    yield* Effect.yieldNow().pipe(Effect.zipRight(stored(file)), Effect.repeat({ until: (count) => count === 100 }))
  }))

it.scoped("has a committed entry, and all before it, on disk before it returns", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* audit.append(event("before"))
    yield* audit.commit(event("now"))
    yield* audit.append(event("after"))
    const actions = yield* tamper(file, (database) =>
      database.prepare("SELECT payload ->> 'action' FROM entries ORDER BY seq").pluck().all())
    assert.deepStrictEqual(actions, ["before", "now"])
  }))

it.scoped("writes what is buffered when it closes, and refuses what comes later", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit, close } = yield* opened(file)
    yield* audit.append(event("a"))
    yield* close
    assert.strictEqual(yield* stored(file), 1)
    for (const late of [audit.append(event("b")), audit.commit(event("b")), audit.entries(), audit.verify()]) {
      assert.strictEqual((yield* Effect.flip(late)).reason, "closed")
    }
    assert.strictEqual(yield* stored(file), 1)
  }))

it.scoped("goes on with the chain when it is opened again", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* using(file, (audit) => audit.append(event("a")))
    yield* using(file, (audit) =>
      Effect.gen(function*() {
        yield* audit.append(event("b"))
        const [a, b] = yield* audit.entries()
        assert.strictEqual(b?.prev, a?.hash)
        assert.deepStrictEqual(yield* audit.verify(), { checked: 2, segments: 1, broken: [] })
      }))
  }))

it.scoped("verifies a log of many pages, whole and in part", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* Effect.forEach(Array(1234), () => audit.append(event("a")), { discard: true })
    assert.deepStrictEqual(yield* audit.verify(), { checked: 1234, segments: 1, broken: [] })
    assert.deepStrictEqual(yield* audit.verify({ last: 1000 }), { checked: 1000, segments: 1, broken: [] })
  }))

const unusable: Record<string, (file: string) => void> = {
  "no database": (file) =>
    writeFileSync(file, "This is not a database, but it is long enough to be taken for one.".repeat(99)),
  "a directory": (file) => mkdirSync(file),
  "a link": (file) => symlinkSync(join(dirname(file), "..", "target"), file),
  "a link for the write-ahead log": (file) => symlinkSync(join(dirname(file), "..", "target"), `${file}-wal`)
}
for (const [what, make] of Object.entries(unusable)) {
  it.scoped(`fails to open with ${what} in the file's place, and leaves it alone`, () =>
    Effect.gen(function*() {
      const file = yield* newFile
      mkdirSync(dirname(file))
      make(file)
      const error = yield* Effect.flip(using(file, (audit) => audit.verify()))
      assert.strictEqual(error._tag, "AuditFailed")
      assert.strictEqual(error.reason, "open")
      assert.isUndefined(statSync(join(dirname(file), "..", "target"), { throwIfNoEntry: false }))
      if (what === "no database") assert.match(readFileSync(file, "utf8"), /^This is not/)
    }))
}

it.scoped("fails to open where its directory cannot be made", () =>
  Effect.gen(function*() {
    const directory = yield* temporary
    writeFileSync(join(directory, "state"), "")
    const error = yield* Effect.flip(using(join(directory, "state", "audit.db"), (audit) => audit.verify()))
    assert.strictEqual(error.reason, "open")
  }))

it.scoped("fails to open where its directory is a link to another", () =>
  Effect.gen(function*() {
    const directory = yield* temporary
    mkdirSync(join(directory, "elsewhere"))
    symlinkSync("elsewhere", join(directory, "state"))
    const error = yield* Effect.flip(using(join(directory, "state", "audit.db"), (audit) => audit.verify()))
    assert.strictEqual(error.reason, "open")
  }))

const foreign = {
  "a trigger that drops entries": "CREATE TRIGGER t BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END",
  "another program's tables": "DROP TABLE entries; PRAGMA user_version = 0",
  "another version's tables": "PRAGMA user_version = 2"
}
for (const [what, change] of Object.entries(foreign)) {
  it.scoped(`fails to open a database with ${what}`, () =>
    Effect.gen(function*() {
      const file = yield* newFile
      yield* using(file, (audit) => audit.commit(event("a")))
      yield* tamper(file, (database) => database.exec(change))
      const error = yield* Effect.flip(using(file, (audit) => audit.commit(event("b"))))
      assert.strictEqual(error.reason, "open")
    }))
}
