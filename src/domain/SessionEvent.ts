import { Schema } from "effect"
import { Hunk, Necessity } from "./Necessity.ts"
import { Phase } from "./Phase.ts"
import { SessionId } from "./SessionId.ts"
import { ToolOutcome } from "./ToolCall.ts"

/** How a session ended: exit codes 0, 3, 4, 5, 6, 8, 130 and 1 in that order. */
export const Outcome = Schema.Literal(
  "done",
  "stopped",
  "review",
  "denied",
  "no_verdict",
  "model_failed",
  "interrupted",
  "internal_error"
)
export type Outcome = typeof Outcome.Type

/** Tests as `file > name`, at most 50. */
const Names = Schema.optional(Schema.Array(Schema.String))

const header = { at: Schema.String, session: SessionId }

/**
 * What a session tells whoever watches it: the lines of `--json`. Times are ISO 8601 UTC, durations ms, tokens counts; a set of rules is
 * known by the SHA-256 (hex) of its files.
 */
export const SessionEvent = Schema.Union(
  Schema.Struct({
    type: Schema.Literal("session.started"),
    ...header,
    task: Schema.String,
    mode: Schema.String,
    model: Schema.String,
    sandbox: Schema.String,
    sandboxReason: Schema.optional(Schema.String)
  }),
  Schema.Struct({ type: Schema.Literal("phase.changed"), ...header, from: Phase, to: Phase }),
  Schema.Struct({ type: Schema.Literal("text.delta"), ...header, text: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("tool.started"),
    ...header,
    id: Schema.String,
    name: Schema.String,
    summary: Schema.String
  }),
  Schema.Struct({
    type: Schema.Literal("tool.finished"),
    ...header,
    id: Schema.String,
    name: Schema.String,
    outcome: ToolOutcome,
    by: Schema.optional(Schema.String),
    detail: Schema.optional(Schema.String),
    durationMs: Schema.Number,
    overheadMs: Schema.Number
  }),
  Schema.Struct({
    type: Schema.Literal("test.verdict"),
    ...header,
    verdict: Schema.Literal("red", "green", "none"),
    reason: Schema.String,
    passed: Schema.Number,
    failed: Schema.Number,
    skipped: Schema.Number,
    files: Schema.Array(Schema.String),
    red: Names,
    failedBefore: Names,
    removed: Names,
    unmerged: Names
  }),
  Schema.Struct({
    type: Schema.Literal("necessity.progress"),
    ...header,
    done: Schema.Number,
    total: Schema.Number,
    hunk: Hunk
  }),
  Schema.Struct({ type: Schema.Literal("necessity.checked"), ...header, ...Necessity.fields }),
  Schema.Struct({ type: Schema.Literal("review.requested"), ...header, reason: Schema.String, diff: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("policy.changed"),
    ...header,
    from: Schema.String,
    to: Schema.String,
    rules: Schema.Number,
    files: Schema.Array(Schema.Struct({ file: Schema.String, change: Schema.Literal("added", "changed", "removed") })),
    warnings: Schema.Array(Schema.String)
  }),
  Schema.Struct({
    type: Schema.Literal("policy.rejected"),
    ...header,
    inForce: Schema.String,
    problems: Schema.Array(Schema.String)
  }),
  Schema.Struct({
    type: Schema.Literal("usage"),
    ...header,
    input: Schema.Number,
    output: Schema.Number,
    cached: Schema.Number
  }),
  Schema.Struct({
    type: Schema.Literal("notice"),
    ...header,
    level: Schema.Literal("info", "warning"),
    text: Schema.String
  }),
  Schema.Struct({
    type: Schema.Literal("session.finished"),
    ...header,
    outcome: Outcome,
    exitCode: Schema.Number,
    changed: Schema.Array(Schema.String),
    summary: Schema.String,
    failedBefore: Names,
    undemanded: Schema.optional(Schema.Array(Hunk))
  })
)
export type SessionEvent = typeof SessionEvent.Type
