import { Schema } from "effect"

/** The eleven tools; on the wire a dot becomes an underscore, since model providers refuse dots. */
export const ToolName = Schema.Literal(
  "fs.read",
  "fs.list",
  "fs.exists",
  "search.grep",
  "search.glob",
  "fs.write",
  "fs.edit",
  "test.run",
  "shell.exec",
  "deps.install",
  "task.complete"
)
export type ToolName = typeof ToolName.Type

/** One call as the model made it: the name and arguments are untrusted. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly args: unknown
}

/** `refused`: phase, policy or change-set gate said no (`by` names it). `failed`: it ran and went wrong, or could not be read. */
export const ToolOutcome = Schema.Literal("ok", "refused", "failed")
export type ToolOutcome = typeof ToolOutcome.Type

/** What the model is told, as plain text already capped; `durationMs` is the whole call, `overheadMs` all but the tool's own work. */
export interface ToolResult {
  readonly outcome: ToolOutcome
  readonly text: string
  readonly by?: string
  readonly durationMs: number
  readonly overheadMs: number
}
