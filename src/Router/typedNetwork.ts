import { Effect, type Scope } from "effect"
import type { SandboxCommand } from "../Sandbox.ts"
import { gateNetwork } from "./gateCall.ts"
import type { Leaves } from "./Leaves.ts"
import { type Network, openNetwork } from "./network.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import type { RouterOptions } from "./Tool.ts"

const tool = "shell.exec"
const caller = "cli"

/** A network for a command that a person types, asked for like one of a model's; the policy sees the caller `cli`. */
export const typedNetwork = Effect.fn("Router.network")(function*(
  leaves: Leaves,
  options: RouterOptions,
  session: RouterSession,
  request: Pick<SandboxCommand, "command" | "args">
): Effect.fn.Return<Network | string, RouterFailed, Scope.Scope> {
  const state = yield* Effect.mapError(leaves.stateMachine.get(session.id), fromLeaf(tool))
  const { dialing, hosts } = options.network
  const refusal = yield* gateNetwork(leaves, options, session, state, {
    tool,
    path: undefined,
    change: undefined,
    request: { command: request.command, args: request.args, caller }
  })
  return refusal === undefined
    ? yield* openNetwork(leaves, session, state, { hosts, tool, caller }, dialing)
    : refusal.text
})
