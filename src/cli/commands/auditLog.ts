import { Effect, Stream } from "effect"
import { Audit, type AuditEntry } from "../../Audit.ts"
import { escapeJson } from "../../internal/escape.ts"
import type { CommandOf } from "../args.ts"
import { auditHere, entries } from "../auditHere.ts"
import { misused } from "../CliFailed.ts"
import { outStyle, print, tell } from "../io.ts"
import { entry } from "../render/entry.ts"
import { sessionId } from "../sessionId.ts"

/** `fluffy audit log`: the entries of this project, oldest first. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"audit log">) {
  const query = flags.session === undefined ? {} : { session: yield* sessionId(flags.session) }
  const { file, layer } = yield* auditHere
  if (layer === undefined) {
    tell(`There is no log yet: it begins with the first session (${file})\n`)
    return 0
  }
  let none = true
  const show = (found: AuditEntry) =>
    Effect.sync(() => {
      none = false
      print(flags.json === true ? `${escapeJson(found)}\n` : `${entry(found, outStyle)}\n`)
    })
  const shown = flags.last === undefined
    ? Stream.runForEach(entries(query), show)
    : Effect.flatMap(
      Audit,
      (audit) => Effect.flatMap(audit.entries({ ...query, last: flags.last! }), Effect.forEach(show))
    )
  yield* Effect.provide(shown, layer)
  if (none && query.session !== undefined) {
    return yield* misused(`No session ${query.session} is in the log. fluffy session list shows those that are`)
  }
  return 0
})
