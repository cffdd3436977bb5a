import { Effect } from "effect"
import { Agent } from "../Agent.ts"
import { Audit } from "../Audit.ts"
import { Policy } from "../Policy.ts"
import { maskingAudit, Router } from "../Router.ts"
import { Sandbox } from "../Sandbox.ts"
import { StateMachine } from "../StateMachine.ts"
import { Workspace } from "../Workspace.ts"

/** Everything a session is composed of, gathered once when the orchestrator is built. */
export const gather = Effect.all({
  agent: Agent,
  audit: Effect.map(Audit, maskingAudit),
  policy: Policy,
  router: Router,
  sandbox: Sandbox,
  stateMachine: StateMachine,
  workspace: Workspace
})

export type Parts = Effect.Effect.Success<typeof gather>
