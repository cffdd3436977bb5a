import { Effect, Stream } from "effect"
import { closeSync, openSync, writeFileSync } from "node:fs"
import { canonical } from "../../Audit/canonical.ts"
import { acquireRelease } from "../../internal/finalizer.ts"
import type { CommandOf } from "../args.ts"
import { auditHere, entries } from "../auditHere.ts"
import { CliFailed, misused } from "../CliFailed.ts"
import { print, tell } from "../io.ts"
import { sessionId } from "../sessionId.ts"

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code

const open = (file: string) =>
  Effect.try({
    try: () => openSync(file, "wx", 0o600),
    catch: (cause) =>
      misused(
        codeOf(cause) === "EEXIST"
          ? `${file} exists already. Name a new file`
          : `${file} cannot be made (${codeOf(cause)}). Name a file in a folder that is there and that you may write to`
      )
  })

const writeTo = (descriptor: number, file: string) => (text: string) =>
  Effect.try({
    // Unlike one write, this goes on until all of it is there.
    try: () => writeFileSync(descriptor, text),
    catch: (cause) =>
      new CliFailed({
        exitCode: 1,
        problem: `${file} cannot be written (${
          codeOf(cause)
        }), so what it holds is not whole. Make room and remove it first`
      })
  })

const writing = (file: string | undefined) =>
  file === undefined
    ? Effect.succeed((text: string) => Effect.sync(() => print(text)))
    : Effect.map(
      acquireRelease(open(file), (descriptor) => Effect.sync(() => closeSync(descriptor))),
      (descriptor) => writeTo(descriptor, file)
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
    Effect.flatMap(
      writing(flags.output),
      (write) =>
        Stream.runFoldEffect(entries(query), 0, (count, entry) => Effect.as(write(`${canonical(entry)}\n`), count + 1))
    )
  ).pipe(Effect.provide(layer))
  tell(`exported ${count} ${count === 1 ? "entry" : "entries"}\n`)
  return 0
})
