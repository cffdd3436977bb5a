import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { isoNow } from "../../internal/time.ts"
import type { SavedGrant, SavedGrants } from "./SavedGrant.ts"

/** A new id: 48 random bits. */
export const newId = (): string => `g-${randomBytes(6).toString("hex")}`

/** Grants that are gone with the kernel: for tests. */
export const inMemory = (): SavedGrants => {
  const kept = new Map<string, SavedGrant>()
  return {
    list: Effect.sync(() => ({ grants: [...kept.values()], problems: [] })),
    save: (grant) =>
      Effect.map(isoNow, (at) => {
        const saved = { id: newId(), at, ...grant }
        kept.set(saved.id, saved)
        return saved
      }),
    revoke: (id) => Effect.sync(() => kept.delete(id))
  }
}
