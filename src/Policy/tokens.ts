import { Redacted } from "effect"
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { type Capability, coverage, type Grant, type Holder, type Presented } from "./Grant.ts"
import type { PolicyRequest } from "./PolicyRule.ts"

const maxUses = 1000
const maxTtlMs = 24 * 3_600_000
const maxKept = 10_000

interface Kept extends Holder {
  readonly hash: Buffer
  readonly covers: (request: PolicyRequest) => boolean
  readonly from: number
  readonly until: number
  left: number
}

/** One use of a token: which, and how many are left. */
export interface TokenUse {
  readonly id: string
  readonly left: number
}

/** The tokens in force, in memory alone and only as hashes; when there are too many the oldest is forgotten, and asked about again. */
export interface Tokens {
  readonly issue: (holder: Holder, grant: Grant, now: number) => Capability
  /** Takes one use; undefined, at no cost to the token, when it is not this holder's, over, used up, or about something else. */
  readonly use: (presented: Presented, request: PolicyRequest, now: number) => TokenUse | undefined
}

const hashOf = (secret: string) => createHash("sha256").update(secret).digest()

const atMost = (value: number, most: number) => value > 0 ? Math.min(value, most) : 0

/** An empty store. Times are ms since the epoch, read by the caller. */
export const makeTokens = (): Tokens => {
  const kept = new Map<string, Kept>()

  const makeRoom = (now: number) => {
    if (kept.size < maxKept) return
    for (const [id, { until }] of kept) if (until <= now) kept.delete(id)
    const [oldest] = kept.keys()
    if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest)
  }

  return {
    issue: ({ peer, session }, grant, now) => {
      makeRoom(now)
      const id = randomBytes(8).toString("hex")
      const secret = randomBytes(32).toString("base64url")
      kept.set(id, {
        session,
        peer,
        hash: hashOf(secret),
        covers: coverage(grant),
        from: now,
        until: now + atMost(grant.ttlMs, maxTtlMs),
        left: Math.floor(atMost(grant.uses, maxUses))
      })
      return { id, token: Redacted.make(`${id}.${secret}`) }
    },
    use: ({ peer, session, token }, request, now) => {
      const [id = "", secret = ""] = Redacted.value(token).split(".", 2)
      const found = kept.get(id)
      if (found === undefined || !timingSafeEqual(found.hash, hashOf(secret))) return undefined
      if (found.until <= now || found.left < 1) {
        kept.delete(id)
        return undefined
      }
      // A clock that was set back does not make a token last longer.
      if (now < found.from || found.session !== session || found.peer !== peer || !found.covers(request)) {
        return undefined
      }
      found.left--
      if (found.left === 0) kept.delete(id)
      return { id, left: found.left }
    }
  }
}
