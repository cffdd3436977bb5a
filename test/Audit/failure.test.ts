import { assert, it } from "@effect/vitest"
import Database from "better-sqlite3"
import { Cause, Effect, Exit, Fiber, TestClock } from "effect"
import { event } from "../contract/AuditContract.ts"
import { newFile, opened, tamper, using } from "../support/auditFile.ts"

/** Holds the write lock as another process would, until it is released. */
const lockedBy = (file: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const database = new Database(file)
      database.exec("BEGIN IMMEDIATE")
      return database
    }),
    (database) => Effect.sync(() => database.close())
  )

/** Runs what waits for a lock, five seconds of test time long. */
const waiting = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("6 seconds")
    return yield* Fiber.join(fiber)
  })

const actions = (file: string) =>
  tamper(file, (database) => database.prepare("SELECT payload ->> 'action' FROM entries ORDER BY seq").pluck().all())

it.scoped("waits while another process writes, and then goes on", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    const other = yield* lockedBy(file)
    const commit = yield* Effect.fork(audit.commit(event("a")))
    yield* TestClock.adjust("1 seconds")
    other.exec("ROLLBACK")
    yield* TestClock.adjust("1 seconds")
    yield* Fiber.join(commit)
    assert.deepStrictEqual(yield* actions(file), ["a"])
  }))

it.scoped("fails what it cannot write, keeps what it took before, and writes that first", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    yield* audit.append(event("taken"))
    const other = yield* lockedBy(file)
    const error = yield* waiting(Effect.flip(audit.commit(event("refused"))))
    assert.strictEqual(error.reason, "write")
    assert.strictEqual((yield* waiting(Effect.flip(audit.append(event("refused too"))))).reason, "write")
    assert.strictEqual((yield* waiting(Effect.flip(audit.entries()))).reason, "write")
    assert.deepStrictEqual(yield* actions(file), [])
    other.exec("ROLLBACK")
    yield* audit.append(event("later"))
    assert.deepStrictEqual(yield* actions(file), ["taken", "later"])
    assert.deepStrictEqual(yield* audit.verify(), { checked: 2, segments: 1, broken: [] })
  }))

it.scoped("tries again in the background", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    const other = yield* lockedBy(file)
    yield* audit.append(event("taken"))
    yield* TestClock.adjust("6 seconds")
    other.exec("ROLLBACK")
    yield* TestClock.adjust("1 seconds")
    assert.deepStrictEqual(yield* actions(file), ["taken"])
  }))

it.scoped("dies on closing rather than lose what it took in silence", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    yield* using(file, () => Effect.void)
    const other = yield* lockedBy(file)
    const exit = yield* waiting(
      Effect.exit(using(file, (audit) => Effect.zipRight(audit.append(event("taken")), Effect.succeed("done"))))
    ).pipe(
      Effect.ensuring(Effect.sync(() => other.close()))
    )
    assert.isTrue(
      Exit.isFailure(exit) && Cause.isDie(exit.cause) && String(exit.cause).includes("AuditFailed"),
      String(exit)
    )
  }))

it.scoped("writes what it took when the fiber that committed is interrupted", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const { audit } = yield* opened(file)
    const other = yield* lockedBy(file)
    const first = yield* Effect.fork(audit.commit(event("first")))
    const second = yield* Effect.fork(audit.commit(event("second")))
    yield* TestClock.adjust("100 millis")
    yield* Fiber.interruptFork(first)
    yield* Fiber.interrupt(second)
    other.exec("ROLLBACK")
    yield* TestClock.adjust("1 seconds")
    yield* Fiber.await(first)
    yield* audit.commit(event("third"))
    assert.deepStrictEqual(yield* actions(file), ["first", "second", "third"])
    assert.deepStrictEqual((yield* audit.verify()).broken, [])
  }))

it.scoped("closes without a wait when interrupted, with all it took on disk", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const fiber = yield* Effect.fork(
      using(file, (audit) => Effect.zipRight(audit.append(event("taken")), Effect.never))
    )
    yield* Effect.promise(() => import("@effect/sql-sqlite-node/SqliteClient"))
    while (fiber.unsafePoll() === null && (yield* Fiber.status(fiber))._tag !== "Suspended") yield* Effect.yieldNow()
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* actions(file), ["taken"])
  }))
