import { Context, type Effect } from "effect"
import type { SandboxCommand, SandboxProbe, SandboxResult } from "./Sandbox/SandboxCommand.ts"
import type { SandboxFailed, SandboxUnavailable } from "./Sandbox/SandboxError.ts"

export * from "./Sandbox/SandboxCommand.ts"
export * from "./Sandbox/SandboxError.ts"

/** Runs one command in an isolation of its own: no network, secrets or privileges. When `run` returns, every process of it is dead. */
export class Sandbox extends Context.Tag("fluffy/Sandbox")<Sandbox, {
  readonly backend: string
  /** Runs the command to its end; interruption kills its whole process tree first. A command that fails is a result, not an error. */
  readonly run: (command: SandboxCommand) => Effect.Effect<SandboxResult, SandboxFailed | SandboxUnavailable>
  /** Whether this backend works here, by running a command in it; what is missing and the exact command that mends it. */
  readonly probe: Effect.Effect<SandboxProbe>
}>() {}
