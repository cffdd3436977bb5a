import { Schema } from "effect"

/** The kernel cannot go on with this session: a leaf failed, so what happened is not known or not on record. */
export class RouterFailed extends Schema.TaggedError<RouterFailed>()("RouterFailed", {
  tool: Schema.String,
  module: Schema.Literal("Audit", "StateMachine", "Sandbox", "SandboxUnavailable", "Workspace"),
  detail: Schema.String
}) {
  override get message() {
    return `${this.tool} stopped the session: ${this.detail}`
  }
}

const modules = {
  AuditFailed: "Audit",
  StateMachineFailed: "StateMachine",
  SandboxFailed: "Sandbox",
  SandboxUnavailable: "SandboxUnavailable",
  WorkspaceFailed: "Workspace"
} as const

/** Turns a leaf's failure into the one error of the router, keeping its message. */
export const fromLeaf =
  (tool: string) => (error: { readonly _tag: keyof typeof modules; readonly message: string }): RouterFailed =>
    new RouterFailed({ tool, module: modules[error._tag], detail: error.message })
