import { Effect } from "effect"
import { Audit } from "../../Audit.ts"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import type { CommandOf } from "../args.ts"
import { auditHere } from "../auditHere.ts"
import { CliFailed } from "../CliFailed.ts"
import { errStyle, outStyle, print, tell } from "../io.ts"

const broken = 9

/** `fluffy audit verify`: 0 when the chain holds, 9 when it does not or when there is none. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"audit verify">) {
  const { file, layer } = yield* auditHere
  if (layer === undefined) {
    return yield* new CliFailed({
      exitCode: broken,
      problem: `There is no audit log to verify (${file}): no session ran here yet, or it was removed`
    })
  }
  const found = yield* Effect.flatMap(
    Audit,
    (audit) => audit.verify(flags.last === undefined ? {} : { last: flags.last })
  ).pipe(
    Effect.provide(layer)
  )
  const [first] = found.broken
  if (flags.json === true) print(`${escapeJson(found)}\n`)
  else if (first === undefined) {
    print(
      `${outStyle.green("ok")}  ${count(found.checked, "entry").replace("entrys", "entries")}, ${
        count(found.segments, "segment")
      }: the chain holds\n`
    )
  } else {
    tell(
      `${errStyle.red("broken")}  entry ${first.seq}: ${escapeLine(first.reason)}\n` +
        found.broken.slice(1, 20).map(({ reason, seq }) => `        entry ${seq}: ${escapeLine(reason)}\n`).join("") +
        `The log was changed after it was written (${found.checked} entries checked). Compare it with a copy that was kept elsewhere\n`
    )
  }
  return first === undefined ? 0 : broken
})
