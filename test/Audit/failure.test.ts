import { assert, it } from "@effect/vitest"
import Database from "better-sqlite3"
import { Cause, Deferred, Effect, Exit, Fiber, TestClock } from "effect"
import { AuditFailed } from "../../src/Audit.ts"
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

/** Lets test time pass until an effect that waits for a lock is done. */
const waiting = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    while (fiber.unsafePoll() === null) yield* TestClock.adjust("500 millis")
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
    assert.deepStrictEqual(yield* actions(file), [])
    other.exec("ROLLBACK")
    yield* waiting(audit.commit(event("later")))
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
    const { audit, close } = yield* opened(file)
    yield* lockedBy(file)
    yield* audit.append(event("taken"))
    const exit = yield* waiting(Effect.exit(close))
    assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof AuditFailed)
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

it.scoped("has all it took on disk after an interruption", () =>
  Effect.gen(function*() {
    const file = yield* newFile
    const taken = yield* Deferred.make<void>()
    const fiber = yield* Effect.fork(using(file, (audit) =>
      audit.append(event("taken")).pipe(
        Effect.zipRight(Deferred.succeed(taken, undefined)),
        Effect.zipRight(Effect.never)
      )))
    yield* Deferred.await(taken)
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* actions(file), ["taken"])
  }))
