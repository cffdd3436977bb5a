import { Schema } from "effect"

/**
 * The kernel cannot go on; `reason` decides the exit code: 7 for no sandbox, 9 for a broken log, 5 for a denied command, 2 for a mode
 * that is not to be had, 1 otherwise.
 */
export class OrchestratorFailed extends Schema.TaggedError<OrchestratorFailed>()("OrchestratorFailed", {
  reason: Schema.Literal("sandbox", "audit", "workspace", "state", "denied", "mode"),
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

const reasons = {
  AuditFailed: "audit",
  StateMachineFailed: "state",
  TransitionRefused: "state",
  SandboxFailed: "workspace",
  SandboxUnavailable: "sandbox",
  WorkspaceFailed: "workspace"
} as const

const modules = {
  Audit: "audit",
  StateMachine: "state",
  Sandbox: "workspace",
  SandboxUnavailable: "sandbox",
  Workspace: "workspace"
} as const

type KernelError =
  | { readonly _tag: keyof typeof reasons; readonly message: string }
  | { readonly _tag: "RouterFailed"; readonly module: keyof typeof modules; readonly message: string }

/** Turns the failure of a leaf or of the router into the one error of the orchestrator, keeping its message. */
export const fromKernel = (error: KernelError): OrchestratorFailed =>
  new OrchestratorFailed({
    reason: error._tag === "RouterFailed" ? modules[error.module] : reasons[error._tag],
    detail: error.message
  })
