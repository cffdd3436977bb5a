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
