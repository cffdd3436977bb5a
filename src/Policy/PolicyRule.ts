import type { Decision } from "../domain/Decision.ts"
import type { Mode, Phase } from "../domain/Phase.ts"
import type { ToolName } from "../domain/ToolCall.ts"

/**
 * What a request is about: a tool call by its name, one path of a change set, the merge of one path into the project, a command that
 * asks for a network, or one connection of it.
 */
export type PolicyAction = ToolName | "change" | "merge" | "network.use" | "network.connect"

/**
 * One question to the policy. `path` is project-relative. `args` are the command's arguments without the command. `host` is a name, of a
 * connection `name:port`.
 */
export interface PolicyRequest {
  readonly action: PolicyAction
  readonly phase: Phase
  readonly mode: Mode
  readonly tool?: string
  readonly path?: string
  readonly command?: string
  readonly args?: ReadonlyArray<string>
  readonly host?: string
  readonly caller?: string
}

/** A decision and how it came about; extensions stand among the rules, those that failed in the decision's `failures`. */
export interface Explanation {
  readonly decision: Decision
  readonly matched: ReadonlyArray<
    { readonly rule: string; readonly layer: Decision["layer"]; readonly effect: Decision["effect"] }
  >
  readonly abstained: ReadonlyArray<{ readonly rule: string; readonly why: string }>
}
