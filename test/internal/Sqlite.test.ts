import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, TestClock } from "effect"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Sqlite from "../../src/internal/Sqlite.ts"
import { temporary } from "../support/auditFile.ts"

const opened = Effect.gen(function*() {
  const sql = yield* Sqlite.open(join(yield* temporary, "state", "test.db"))
  yield* sql`CREATE TABLE item (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED)`
  const count = Effect.map(sql`SELECT id FROM item`.values, (rows) => rows.length)
  return { count, sql }
})

it.scoped("opens for full durability, and waits for locks in Effect rather than in SQLite", () =>
  Effect.gen(function*() {
    const { sql } = yield* opened
    assert.deepStrictEqual(yield* sql`PRAGMA synchronous`.values, [[2]])
    assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`.values, [["wal"]])
    assert.deepStrictEqual(yield* sql`PRAGMA trusted_schema`.values, [[0]])
    assert.deepStrictEqual(yield* sql`PRAGMA busy_timeout`.values, [[5]])
  }))

it.scoped("keeps what a transaction wrote, and returns what it returned", () =>
  Effect.gen(function*() {
    const { count, sql } = yield* opened
    const insert = (id: number) =>
      Sqlite.transaction(sql, (connection) =>
        Effect.as(connection.executeRaw("INSERT INTO item (id) VALUES (?)", [id]), id))
    assert.strictEqual(yield* insert(7), 7)
    assert.strictEqual(yield* count, 1)
  }))

it.scoped("keeps nothing of a transaction that failed, died or was interrupted, and goes on", () =>
  Effect.gen(function*() {
    const { count, sql } = yield* opened
    for (const end of [Effect.fail("no"), Effect.die("no"), Effect.interrupt]) {
      const exit = yield* Effect.exit(
        Sqlite.transaction(
          sql,
          (connection) => Effect.zipRight(connection.executeRaw("INSERT INTO item (id) VALUES (1)", []), end)
        )
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(yield* count, 0)
    }
  }))

it.scoped("fails with a SqlError, and keeps nothing, where the COMMIT fails", () =>
  Effect.gen(function*() {
    const { count, sql } = yield* opened
    yield* sql`PRAGMA foreign_keys = ON`
    const error = yield* Effect.flip(
      Sqlite.transaction(sql, (connection) => connection.executeRaw("INSERT INTO item (id, parent) VALUES (1, 99)", []))
    )
    assert.strictEqual(error._tag, "SqlError")
    assert.strictEqual(yield* count, 0)
    yield* Sqlite.transaction(sql, (connection) => connection.executeRaw("INSERT INTO item (id) VALUES (1)", []))
    assert.strictEqual(yield* count, 1)
  }))

it.scoped("lets no other fiber in while a transaction runs", () =>
  Effect.gen(function*() {
    const { count, sql } = yield* opened
    const started = yield* Deferred.make<void>()
    const release = yield* Deferred.make<void>()
    const writing = yield* Effect.fork(Sqlite.transaction(sql, (connection) =>
      Effect.gen(function*() {
        yield* connection.executeRaw("INSERT INTO item (id) VALUES (1)", [])
        yield* Deferred.succeed(started, undefined)
        yield* Deferred.await(release)
        yield* connection.executeRaw("INSERT INTO item (id) VALUES (2)", [])
      })))
    yield* Deferred.await(started)
    const reading = yield* Effect.fork(count)
    yield* Effect.yieldNow()
    assert.isNull(reading.unsafePoll())
    yield* Deferred.succeed(release, undefined)
    yield* Fiber.join(writing)
    assert.strictEqual(yield* Fiber.join(reading), 2)
  }))

it.scoped("leaves nothing behind when it is interrupted in its wait for another process", () =>
  Effect.gen(function*() {
    const file = join(yield* temporary, "test.db")
    const sql = yield* Sqlite.open(file)
    const other = yield* Sqlite.open(file)
    yield* sql`CREATE TABLE item (id INTEGER PRIMARY KEY)`
    const insert = Sqlite.transaction(sql, (connection) => connection.executeRaw("INSERT INTO item VALUES (NULL)", []))
    yield* Sqlite.transaction(other, () =>
      Effect.gen(function*() {
        // A fork inherits that a transaction cannot be interrupted.
        const waiting = yield* Effect.fork(Effect.interruptible(insert))
        yield* TestClock.adjust("100 millis")
        assert.isNull(waiting.unsafePoll())
        yield* Fiber.interrupt(waiting)
      }))
    yield* insert
    assert.deepStrictEqual(yield* sql`SELECT id FROM item`.values, [[1]])
  }))

it("does not load the database driver before a database is opened", () => {
  const source = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${name}`, import.meta.url)))
  const program = `
    const { createRequire } = require("node:module")
    const loaded = () => Object.keys(createRequire(process.cwd() + "/x.js").cache).some((name) => name.includes("better-sqlite3"))
    const open = async () => {
      await import(${source("Audit/Sql.ts")})
      const before = loaded()
      const { Effect } = await import("effect")
      const { open } = await import(${source("internal/Sqlite.ts")})
      await Effect.runPromiseExit(Effect.scoped(open("/dev/null/no/directory")))
      await import("@effect/sql-sqlite-node/SqliteClient")
      console.log(before, loaded())
    }
    open()`
  const output = execFileSync(process.execPath, ["--import", "tsx", "--input-type=commonjs", "-e", program], {
    encoding: "utf8",
    cwd: fileURLToPath(new URL("../..", import.meta.url))
  })
  assert.strictEqual(output, "false true\n")
})
