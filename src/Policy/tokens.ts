import { Redacted } from "effect"
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { Moment } from "../internal/time.ts"
import { type Capability, coverage, type Grant, type Holder, type Presented } from "./Grant.ts"
import type { PolicyRequest } from "./PolicyRule.ts"

const maxUses = 1000
const maxTtlMs = 24 * 3_600_000
const maxKept = 10_000

interface Kept extends Holder {
  readonly hash: Buffer
  readonly covers: (request: PolicyRequest) => boolean
  readonly from: Moment
  readonly ttlMs: number
  left: number
}

/** One use of a token: which, and how many are left. */
export interface TokenUse {
  readonly id: string
  readonly left: number
}

/** The tokens in force, in memory alone and only as hashes; when there are too many the oldest is forgotten, and asked about again. */
export interface Tokens {
  readonly issue: (holder: Holder, grant: Grant, now: Moment) => Capability
  /** Takes one use; undefined, at no cost to the token, when it is not this holder's, over, used up, or about something else. */
  readonly use: (presented: Presented, request: PolicyRequest, now: Moment) => TokenUse | undefined
}

const hashOf = (secret: string) => createHash("sha256").update(secret).digest()

const atMost = (value: number, most: number) => value > 0 ? Math.min(value, most) : 0

/** Whichever clock says so: the wall clock also goes on while a machine sleeps, and the steady one when a person sets the other back. */
const isOver = ({ from, ttlMs }: Kept, { steady, wall }: Moment) =>
  wall - from.wall >= ttlMs || steady - from.steady >= ttlMs

/** An empty store. Time is read by the caller. */
export const makeTokens = (): Tokens => {
  const kept = new Map<string, Kept>()

  const makeRoom = (now: Moment) => {
    if (kept.size < maxKept) return
    for (const [id, one] of kept) if (isOver(one, now)) kept.delete(id)
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
        ttlMs: atMost(grant.ttlMs, maxTtlMs),
        left: Math.floor(atMost(grant.uses, maxUses))
      })
      return { id, token: Redacted.make(`${id}.${secret}`) }
    },
    use: ({ peer, session, token }, request, now) => {
      const [id = "", secret = ""] = Redacted.value(token).split(".", 2)
      const found = kept.get(id)
      if (found === undefined || !timingSafeEqual(found.hash, hashOf(secret))) return undefined
      if (isOver(found, now) || found.left < 1) {
        kept.delete(id)
        return undefined
      }
      if (now.wall < found.from.wall || found.session !== session || found.peer !== peer || !found.covers(request)) {
        return undefined
      }
      found.left--
      if (found.left === 0) kept.delete(id)
      return { id, left: found.left }
    }
  }
}
