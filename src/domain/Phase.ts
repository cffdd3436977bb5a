import { Schema } from "effect"

/** Where a session stands in the test-first cycle; `docs/tdd.md` has the table. */
export const Phase = Schema.Literal(
  "idle",
  "planning",
  "test_writing",
  "test_running",
  "coding",
  "green",
  "refactoring",
  "reviewing",
  "done",
  "failed"
)
export type Phase = typeof Phase.Type

/** `strict` enforces the cycle, `explore` only reads, `debug` lifts the phase gate and is entered by a human only. */
export const Mode = Schema.Literal("strict", "explore", "debug")
export type Mode = typeof Mode.Type
