import { Cause, Chunk, type ConfigError, Option } from "effect"
import type { ModelUnknown } from "../Agent/Model.ts"
import type { AuditFailed } from "../Audit.ts"
import type { ConfigInvalid } from "../KernelConfig.ts"
import type { OrchestratorFailed } from "../Orchestrator.ts"
import type { PolicyLoadFailed } from "../Policy.ts"
import type { SandboxFailed, SandboxUnavailable } from "../Sandbox.ts"
import type { StateMachineFailed } from "../StateMachine.ts"
import type { WorkspaceFailed } from "../Workspace.ts"
import type { CliFailed } from "./CliFailed.ts"

/** Everything a command may fail with. */
export type CommandError =
  | AuditFailed
  | CliFailed
  | ConfigError.ConfigError
  | ConfigInvalid
  | ModelUnknown
  | OrchestratorFailed
  | PolicyLoadFailed
  | SandboxFailed
  | SandboxUnavailable
  | StateMachineFailed
  | WorkspaceFailed

const ofOrchestrator: Record<OrchestratorFailed["reason"], number> = {
  sandbox: 7,
  audit: 9,
  denied: 5,
  mode: 2,
  workspace: 1,
  state: 1
}

const ofError = (error: CommandError): number => {
  switch (error._tag) {
    case "CliFailed":
      return error.exitCode
    case "OrchestratorFailed":
      return ofOrchestrator[error.reason]
    case "ConfigInvalid":
    case "ModelUnknown":
    case "PolicyLoadFailed":
      return 2
    case "SandboxUnavailable":
      return 7
    case "AuditFailed":
      return 9
    case "StateMachineFailed":
    case "WorkspaceFailed":
      return 1
    default:
      return 2
  }
}

/** How a failed command ends: its exit code and what a person is told; nothing is told of an interruption. */
export const ending = (
  cause: Cause.Cause<CommandError>
): { readonly exitCode: number; readonly message: string | undefined } => {
  const failure = Option.getOrUndefined(Chunk.head(Cause.failures(cause)))
  if (failure !== undefined) {
    return { exitCode: ofError(failure), message: "message" in failure ? failure.message : String(failure) }
  }
  if (Cause.isInterruptedOnly(cause)) return { exitCode: 130, message: undefined }
  const [defect] = Chunk.toReadonlyArray(Cause.defects(cause))
  const what = defect instanceof Error ? `${defect.name}: ${defect.message}` : String(defect)
  return {
    exitCode: 1,
    message: `An internal error, this is a bug in Fluffy: ${
      what.slice(0, 300)
    }. The same command with --verbose shows where`
  }
}
