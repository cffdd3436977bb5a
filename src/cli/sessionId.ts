import { Effect, Schema } from "effect"
import { SessionId } from "../domain/SessionId.ts"
import { type CliFailed, misused } from "./CliFailed.ts"

const decode = Schema.decodeUnknown(SessionId)

/** A session's id as a person typed it. */
export const sessionId = (text: string): Effect.Effect<SessionId, CliFailed> =>
  Effect.mapError(
    decode(text),
    () => misused(`${JSON.stringify(text.slice(0, 80))} is no session's id. fluffy session list shows them`)
  )
