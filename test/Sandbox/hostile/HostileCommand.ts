import type { Limits } from "../../../src/Sandbox.ts"

/** What every hostile command has: what it is after, its name, and the one outcome it must have on each runtime. */
interface Named {
  readonly topic: "read" | "write" | "network" | "privileges" | "output" | "exhaust" | "survive"
  readonly name: string
  readonly expected: string
}

/**
 * Expressions that `attempts.py` evaluates in one sandbox. Their outcome is the errno's name or what was got, once where all are alike;
 * `refused` stands for any errno, where machines differ in whether a thing is absent, unreadable or read-only.
 */
export interface Attempt extends Named {
  readonly kind: "attempt"
  readonly tries: ReadonlyArray<string>
}

/** A shell script over a real stage, through the router in debug mode: who holds back what it leaves behind. */
export interface Plant extends Named {
  readonly kind: "plant"
  readonly script: string
}

/** A program that uses up what there is, or outlives its end. Its outcome is the limit that ended it, or what it printed last. */
export interface Bomb extends Named {
  readonly kind: "bomb"
  readonly line: readonly [string, ...ReadonlyArray<string>]
  readonly limits: Partial<Limits>
}

export type HostileCommand = Attempt | Plant | Bomb

/** A table of attempts after one thing: name, expected outcome, expressions. */
export const attempts = (
  topic: Attempt["topic"],
  rows: ReadonlyArray<readonly [name: string, expected: string, ...tries: ReadonlyArray<string>]>
): ReadonlyArray<Attempt> =>
  rows.map(([name, expected, ...tries]) => ({ kind: "attempt", topic, name, expected, tries }))
