import Database from "better-sqlite3"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Audit } from "../../src/Audit.ts"
import { layer } from "../../src/Audit/Sql.ts"

/** A directory of its own, removed with the scope. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-audit-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

/** Where a log is to be made: its directory does not exist yet. */
export const newFile = Effect.map(temporary, (directory) => join(directory, "state", "audit.db"))

/** Opens the log, uses it and closes it. */
export const using = <A, E>(file: string, use: (audit: Audit["Type"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(Audit, use), layer({ file }))

/** Opens the log for as long as the returned scope is open. */
export const opened = Effect.fnUntraced(function*(file: string) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) => Scope.close(scope, exit))
  const audit = Context.get(yield* Layer.buildWithScope(layer({ file }), scope), Audit)
  return { audit, close: Scope.close(scope, Exit.void) }
})

/** Reaches past the module into the file, as somebody would who wants to change the record. */
export const tamper = <A>(file: string, change: (database: Database.Database) => A) =>
  Effect.sync(() => {
    const database = new Database(file)
    try {
      return change(database)
    } finally {
      database.close()
    }
  })
