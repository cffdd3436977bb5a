import { Effect, Layer, Option, Schema } from "effect"
import type { Mode } from "../domain/Phase.ts"
import type { SessionId } from "../domain/SessionId.ts"
import * as Sqlite from "../internal/Sqlite.ts"
import { type SessionState, SessionState as Snapshot, StateMachine, StateMachineFailed } from "../StateMachine.ts"
import type { StateEvent } from "../StateMachine.ts"
import type { Classify } from "./classify.ts"
import { initial, recover, transition } from "./transition.ts"

const schema = `CREATE TABLE IF NOT EXISTS session_states (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session TEXT NOT NULL UNIQUE,
  snapshot TEXT NOT NULL
) STRICT`
const insert =
  "INSERT INTO session_states (session, snapshot) VALUES (?, ?) ON CONFLICT (session) DO NOTHING RETURNING id"
const select = "SELECT session, snapshot FROM session_states WHERE session = ?"
const selectAll = "SELECT session, snapshot FROM session_states ORDER BY id DESC"
const update = "UPDATE session_states SET snapshot = ? WHERE session = ?"

const Row = Schema.Tuple(Schema.String, Schema.parseJson(Snapshot))
const decodeRow = Schema.decodeUnknown(Row)
const encode = Schema.encodeSync(Schema.parseJson(Snapshot))

const failed = (method: string, reason: StateMachineFailed["reason"]) => (cause: unknown) =>
  cause instanceof StateMachineFailed ? cause : new StateMachineFailed({ method, reason, cause })

/** Sessions in a SQLite database: a state is on disk before `apply` returns, and one process at a time changes it. */
export const layer = (
  options: { readonly file: string; readonly classify: Classify }
): Layer.Layer<StateMachine, StateMachineFailed> => Layer.scoped(StateMachine, make(options))

const make = Effect.fnUntraced(function*(options: { readonly file: string; readonly classify: Classify }) {
  const sql = yield* Sqlite.open(options.file).pipe(Effect.mapError(failed("open", "open")))
  yield* Sqlite.whenFree(sql.unsafe(schema).raw).pipe(Effect.mapError(failed("open", "open")))

  // Runs this process started. A run found in the database without being here died with the process that started it.
  const running = new Set<SessionId>()

  const read = Effect.fnUntraced(function*(row: ReadonlyArray<unknown>) {
    const [session, state] = yield* decodeRow(row)
    if (session !== state.session) {
      return yield* new StateMachineFailed({ method: "read", reason: "read", cause: "a row holds another session" })
    }
    return running.has(state.session) ? state : recover(state)
  })

  const one = (method: string, rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
    Option.match(Option.fromNullable(rows[0]), {
      onNone: () => new StateMachineFailed({ method, reason: "unknown session" }),
      onSome: (row) => Effect.mapError(read(row), failed(method, "read"))
    })

  return StateMachine.of({
    create: Effect.fn("StateMachine.create")(function*(session: SessionId, mode: Mode) {
      const state = initial(session, mode)
      const rows = yield* Sqlite.whenFree(sql.unsafe(insert, [session, encode(state)]).values).pipe(
        Effect.mapError(failed("create", "write"))
      )
      if (rows.length === 0) return yield* new StateMachineFailed({ method: "create", reason: "session exists" })
      return state
    }),
    get: Effect.fn("StateMachine.get")(function*(session: SessionId) {
      const rows = yield* Effect.mapError(sql.unsafe(select, [session]).values, failed("get", "read"))
      return yield* one("get", rows)
    }),
    apply: Effect.fn("StateMachine.apply")(function*(session: SessionId, event: StateEvent) {
      const next: SessionState = yield* Sqlite.transaction(sql, (connection) =>
        Effect.gen(function*() {
          const rows = yield* connection.executeValues(select, [session])
          const next = yield* transition(yield* one("apply", rows), event, options.classify)
          yield* connection.executeRaw(update, [encode(next), session])
          return next
        })).pipe(Effect.catchTag("SqlError", failed("apply", "write")))
      if (next.phase === "test_running") running.add(session)
      else running.delete(session)
      return next
    }),
    list: Effect.mapError(sql.unsafe(selectAll).values, failed("list", "read")).pipe(
      Effect.flatMap(Effect.forEach((row) => Effect.mapError(read(row), failed("list", "read")))),
      Effect.withSpan("StateMachine.list")
    )
  })
})
