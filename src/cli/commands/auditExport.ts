import { Effect, Stream } from "effect"
import { closeSync, openSync, writeSync } from "node:fs"
import { canonical } from "../../Audit/canonical.ts"
import type { CommandOf } from "../args.ts"
import { auditHere, entries } from "../auditHere.ts"
import { CliFailed, misused } from "../CliFailed.ts"
import { print, tell } from "../io.ts"
import { sessionId } from "../sessionId.ts"

const open = (file: string) =>
  Effect.try({
    try: () => openSync(file, "wx", 0o600),
    catch: (cause) =>
      misused(
        (cause as NodeJS.ErrnoException).code === "EEXIST"
          ? `${file} exists already. Name a new file`
          : `${file} cannot be written (${(cause as NodeJS.ErrnoException).code})`
      )
  })

const writing = (file: string | undefined) =>
  file === undefined
    ? Effect.succeed(print)
    : Effect.map(
      Effect.acquireRelease(open(file), (descriptor) => Effect.sync(() => closeSync(descriptor))),
      (descriptor) => (text: string) => void writeSync(descriptor, text)
    )

/**
 * `fluffy audit export`: each entry in its RFC 8785 form, hash included. Whoever has it can verify it: the hash is SHA-256 over the
 * same form without `hash`, and `prev` is the hash of the entry before.
 */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"audit export">) {
  const query = flags.session === undefined ? {} : { session: yield* sessionId(flags.session) }
  const { file, layer } = yield* auditHere
  if (layer === undefined) {
    return yield* new CliFailed({
      exitCode: 2,
      problem: `There is no audit log to export (${file}): no session ran here yet`
    })
  }
  const count = yield* Effect.scoped(
    Effect.flatMap(writing(flags.output), (write) =>
      Stream.runFold(entries(query), 0, (count, entry) => {
        write(`${canonical(entry)}\n`)
        return count + 1
      }))
  ).pipe(Effect.provide(layer))
  tell(`exported ${count} entries\n`)
  return 0
})
