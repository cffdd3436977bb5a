import { Schema } from "effect"

/** Names one session: lower-case letters, digits and dashes, sortable by start time. */
export const SessionId = Schema.String.pipe(
  Schema.pattern(/^[a-z0-9][a-z0-9-]{2,63}$/),
  Schema.brand("fluffy/SessionId")
)
export type SessionId = typeof SessionId.Type

/** A new id from a start time in ms since the epoch and four random bytes. */
export const make = (startedAt: number, random: Uint8Array): SessionId =>
  SessionId.make(
    `s-${startedAt.toString(36)}-${
      Array.from(random.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("")
    }`
  )
