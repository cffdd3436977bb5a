import { Effect } from "effect"
import { join } from "node:path"
import { Audit } from "../../Audit.ts"
import * as AuditSql from "../../Audit/Sql.ts"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { prepareState } from "../../KernelConfig/stateDirectory.ts"
import type { CommandOf } from "../args.ts"
import { misused } from "../CliFailed.ts"
import { configure } from "../configure.ts"
import { grantsHere } from "../grantsHere.ts"
import { print } from "../io.ts"
import { person } from "../person.ts"

/** `fluffy policy revoke`: ends one grant at once, for running sessions too; 2 when there is none of this id. */
export const run = Effect.fnUntraced(function*({ flags, operands: [id = ""] }: CommandOf<"policy revoke">) {
  const { options: { state } } = yield* configure({})
  const grants = yield* grantsHere()
  // Taken away first: what cannot be put on record is still not allowed.
  if (!(yield* grants.revoke(id))) {
    return yield* misused(
      `There is no grant ${JSON.stringify(id.slice(0, 40))} in this project. To see them: fluffy policy grants`
    )
  }
  yield* prepareState(state)
  yield* Effect.flatMap(Audit, ({ commit }) =>
    commit({
      session: null,
      category: "policy",
      action: "grant.revoked",
      actor: "human",
      phase: null,
      mode: null,
      detail: { grant: id, by: person() }
    })).pipe(Effect.provide(AuditSql.layer({ file: join(state, "audit.db") })))
  print(flags.json === true ? `${escapeJson({ revoked: id })}\n` : `${escapeLine(id)} is revoked\n`)
  return 0
})
