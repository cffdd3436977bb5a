import type { SqlClient } from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Context, Effect, ExecutionStrategy, Exit, Layer, Schedule, Schema, Scope } from "effect"
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"

/** A database could not be opened: no access, no database, a link in its place, or locked for too long. */
export class SqliteOpenFailed extends Schema.TaggedError<SqliteOpenFailed>()("SqliteOpenFailed", {
  file: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `Cannot open the database ${this.file}. Check that it is a database of Fluffy's, writable and not in use`
  }
}

/** SQLite itself waits this long, in ms, with the event loop blocked; the rest of the wait is Effect's. */
const busyTimeout = 5

/** How long a lock held by another process is waited for: 5 seconds, at first every few ms, then every 50 ms. */
const waitForLock = Schedule.exponential("2 millis").pipe(
  Schedule.union(Schedule.spaced("50 millis")),
  Schedule.upTo("5 seconds")
)

const codeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return ""
  if ("code" in error && typeof error.code === "string") return error.code
  return "cause" in error ? codeOf(error.cause) : ""
}

const isBusy = (error: unknown) => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))

/** Tries again, for at most 5 seconds, while another process holds the lock that `effect` needs. */
export const whenFree = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(effect, { while: isBusy, schedule: waitForLock })

// A project can ship anything in the place of our files: a link would make SQLite write where it points.
const refuseLinks = (file: string) => {
  if (!lstatSync(dirname(file)).isDirectory()) throw new Error(`${dirname(file)} is not a directory`)
  for (const suffix of ["", "-wal", "-shm", "-journal"]) {
    const stat = lstatSync(file + suffix, { throwIfNoEntry: false })
    if (stat !== undefined && !stat.isFile()) throw new Error(`${file}${suffix} is not a regular file`)
  }
}

const createFile = (file: string) => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  refuseLinks(file)
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  try {
    if ((fstatSync(descriptor).mode & 0o077) !== 0) fchmodSync(descriptor, 0o600)
  } finally {
    closeSync(descriptor)
  }
}

const connect = (file: string) =>
  Effect.gen(function*() {
    yield* Effect.try({ try: () => createFile(file), catch: (cause) => new SqliteOpenFailed({ file, cause }) })
    const SqliteClient = yield* Effect.promise(() => import("@effect/sql-sqlite-node/SqliteClient"))
    const sql = Context.get(yield* Layer.build(SqliteClient.layer({ filename: file })), SqliteClient.SqliteClient)
    yield* sql.unsafe("PRAGMA synchronous = FULL").raw
    yield* sql.unsafe(`PRAGMA busy_timeout = ${busyTimeout}`).raw
    yield* sql.unsafe("PRAGMA trusted_schema = OFF").raw
    const foreign = yield* sql.unsafe("SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')").values
    if (foreign.length > 0) {
      return yield* new SqliteOpenFailed({
        file,
        cause: new Error("it holds triggers or views, which Fluffy never makes")
      })
    }
    return sql as SqlClient
  })

// Each attempt has a scope of its own, so that one that fails leaves no connection behind.
const attempt = Effect.fnUntraced(function*(file: string) {
  const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
  return yield* Scope.extend(connect(file), scope).pipe(
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
    Effect.sandbox,
    Effect.catchAll((cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const error = Cause.squash(cause)
      return error instanceof SqliteOpenFailed ? error : new SqliteOpenFailed({ file, cause: error })
    })
  )
})

/**
 * Opens or creates a database (file 0600, a new directory 0700; WAL, synchronous FULL) and closes it with the scope.
 * The driver is loaded here and not before. What the stock package turns into a defect fails as `SqliteOpenFailed`.
 */
export const open = Effect.fn("Sqlite.open")(
  (file: string): Effect.Effect<SqlClient, SqliteOpenFailed, Scope.Scope> => whenFree(attempt(file))
)

/**
 * Runs `use` on the one connection between BEGIN IMMEDIATE and COMMIT, alone among fibers and processes; a failure rolls back.
 * Unlike `withTransaction`, a COMMIT that fails (disk full) is a `SqlError`, and waiting for another process blocks nobody.
 */
export const transaction = <A, E, R>(
  sql: SqlClient,
  use: (connection: Connection) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError, R> =>
  Effect.scoped(
    Effect.flatMap(sql.reserve, (connection) =>
      Effect.uninterruptibleMask((restore) => {
        const rollback = Effect.ignore(connection.executeRaw("ROLLBACK", []))
        // An interruption can fall between a BEGIN that succeeded and what follows it: that is rolled back too.
        return restore(whenFree(connection.executeRaw("BEGIN IMMEDIATE", []))).pipe(
          Effect.zipRight(Effect.suspend(() => use(connection))),
          Effect.zipLeft(connection.executeRaw("COMMIT", [])),
          Effect.onError(() => rollback)
        )
      }))
  )
