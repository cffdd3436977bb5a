import type { Files } from "./arena.ts"

/** One try to turn a red test green without doing the work. `reason` is what the verdict must say. */
export interface Attack {
  readonly name: string
  readonly files: Files
  readonly verdict: "red" | "none"
  readonly reason: RegExp
  /** Seconds. */
  readonly timeout?: number
}

/** A project whose source is wrong, the session's red test, the work that makes it green, and the attacks on it. */
export interface Suite {
  readonly project: Files
  readonly test: Files
  readonly honest: Files
  readonly attacks: ReadonlyArray<Attack>
}
