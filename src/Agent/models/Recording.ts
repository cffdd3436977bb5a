import { Either, ParseResult, Schema } from "effect"

const delayMs = Schema.optional(Schema.Number.pipe(Schema.between(0, 60_000)))

/** One step of a recorded turn. `expect`: the last tool results must hold this text. `delayMs` is the pause before each delta. */
export const RecordedPart = Schema.Union(
  Schema.Struct({ text: Schema.String, delayMs }),
  Schema.Struct({ reasoning: Schema.String, delayMs }),
  Schema.Struct({
    call: Schema.Struct({ name: Schema.String, args: Schema.Unknown }),
    delayMs
  }),
  Schema.Struct({ expect: Schema.String })
)
export type RecordedPart = typeof RecordedPart.Type

/** One turn of the model; that it finished is implied. */
const RecordedTurn = Schema.Array(RecordedPart)

const decode = Schema.decodeUnknownEither(Schema.Array(RecordedTurn), { onExcessProperty: "error" })

/** Reads a recording: a JSON array of turns, or JSONL with one turn a line. Left: what is wrong with it. */
export const parse = (source: string): Either.Either<ReadonlyArray<ReadonlyArray<RecordedPart>>, string> =>
  read(source).pipe(
    Either.flatMap((turns) => Either.mapLeft(decode(turns), problem)),
    Either.filterOrLeft((turns) => turns.length > 0, () => "it holds no turn")
  )

const problem = (error: ParseResult.ParseError): string => {
  const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
  const [turn, part, ...fields] = first?.path ?? []
  const place = [
    ...(typeof turn === "number" ? [`turn ${turn + 1}`] : []),
    ...(typeof part === "number" ? [`part ${part + 1}`] : []),
    ...fields.map(String)
  ]
  return [place.join(", "), first?.message.slice(0, 300)].filter((text) => text !== "").join(": ")
}

const read = (source: string): Either.Either<unknown, string> => {
  try {
    const whole = JSON.parse(source) as unknown
    // One line of JSONL is a JSON array as well: of parts, not of turns.
    const single = Array.isArray(whole) && whole.length > 0 && !whole.some((turn) => Array.isArray(turn))
    return Either.right(single ? [whole] : whole)
  } catch {
    const lines = source.split("\n").map((line) => line.trim()).filter((line) => line !== "")
    const turns: Array<unknown> = []
    for (const [index, line] of lines.entries()) {
      try {
        turns.push(JSON.parse(line))
      } catch {
        return Either.left(`neither is it one JSON document nor is line ${index + 1} JSON`)
      }
    }
    return Either.right(turns)
  }
}
