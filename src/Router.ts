import { Context, Effect, Layer, type Scope } from "effect"
import type { Audit } from "./Audit.ts"
import type { ToolCall, ToolResult } from "./domain/ToolCall.ts"
import type { Policy } from "./Policy.ts"
import { call } from "./Router/call.ts"
import { attach } from "./Router/deps/attach.ts"
import { gather } from "./Router/Leaves.ts"
import type { Network } from "./Router/network.ts"
import { fromLeaf, type RouterFailed } from "./Router/RouterError.ts"
import type { RouterSession } from "./Router/RouterSession.ts"
import type { RouterOptions } from "./Router/Tool.ts"
import { tools } from "./Router/tools.ts"
import { isNamed, type ToolSpec } from "./Router/ToolSpec.ts"
import { typedNetwork } from "./Router/typedNetwork.ts"
import type { Sandbox, SandboxCommand } from "./Sandbox.ts"
import type { StateMachine } from "./StateMachine.ts"
import type { Stage } from "./Workspace.ts"

export { askPolicy } from "./Router/askPolicy.ts"
export { type Baselines, nowhere as baselinesNowhere, onDisk as baselinesOnDisk } from "./Router/baselines.ts"
export { type EcosystemName, ecosystemNames, type Registry } from "./Router/deps/Ecosystem.ts"
export { ecosystems, type Registries } from "./Router/deps/find.ts"
export { hostsOf as registryHosts } from "./Router/deps/install.ts"
export { onDisk as layersOnDisk, pruneLayers, sweepLayers } from "./Router/deps/layersOnDisk.ts"
export { maxStored as maxStoredLayers } from "./Router/deps/limits.ts"
export { followPolicy } from "./Router/followPolicy.ts"
export { advance } from "./Router/Leaves.ts"
export { maskingAudit } from "./Router/maskingAudit.ts"
export { type Network, type NetworkNeed, openNetwork, runWithNetwork } from "./Router/network.ts"
export { inMemory as reportsInMemory, onDisk as reportsOnDisk, type ReportChannel } from "./Router/reportChannel.ts"
export { sweepReports } from "./Router/reportDirectories.ts"
export * from "./Router/RouterError.ts"
export * from "./Router/RouterSession.ts"
export { reportDirectory, type RunnerConfig } from "./Router/Runners.ts"
export type { NecessityOptions, RouterOptions } from "./Router/Tool.ts"
export { writeScript } from "./Router/tools/write.ts"
export * from "./Router/ToolSpec.ts"

/** The one way a model's call becomes an effect: look up, decode, phase gate, policy, execute, gate the change set, audit. */
export class Router extends Context.Tag("fluffy/Router")<Router, {
  readonly tools: ReadonlyArray<ToolSpec>
  /** Runs one call. Refusals and errors the model can act on are results; only a broken kernel fails. */
  readonly call: (session: RouterSession, call: ToolCall) => Effect.Effect<ToolResult, RouterFailed>
  /** Shows what was installed before for the lockfiles of a stage; `call` does so itself. */
  readonly showLayers: (session: RouterSession) => Effect.Effect<void, RouterFailed>
  /** Opens a proxy to the hosts of the configuration for the scope, for a command that a person types; a text is a refusal. */
  readonly network: (
    session: RouterSession,
    command: Pick<SandboxCommand, "command" | "args">
  ) => Effect.Effect<Network | string, RouterFailed, Scope.Scope>
}>() {}

const readers = 16

/** The router over whatever leaves are in the context. Reads of a stage run together; a call that writes it runs alone. */
export const layer = (
  options: RouterOptions
): Layer.Layer<Router, never, Audit | Policy | StateMachine | Sandbox> =>
  Layer.effect(
    Router,
    Effect.map(gather, (leaves) => {
      const locks = new WeakMap<Stage, Effect.Semaphore>()
      const lockOf = (stage: Stage) => {
        const lock = locks.get(stage) ?? Effect.unsafeMakeSemaphore(readers)
        locks.set(stage, lock)
        return lock
      }
      const isReader = (name: string) => tools.some(({ spec }) => spec.path === "fast" && isNamed(spec.name, name))
      return Router.of({
        tools: tools.map(({ spec }) => spec),
        showLayers: (session) =>
          Effect.flatMap(
            Effect.mapError(leaves.stateMachine.get(session.id), fromLeaf("deps.install")),
            (state) => attach(leaves, options, session, state)
          ),
        network: (session, command) => typedNetwork(leaves, options, session, command),
        call: (session, request) =>
          lockOf(session.stage).withPermits(isReader(request.name) ? 1 : readers)(
            call(leaves, options, tools, session, request)
          )
      })
    })
  )
