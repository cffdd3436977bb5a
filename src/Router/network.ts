import { Effect, type Scope } from "effect"
import type { Decision } from "../domain/Decision.ts"
import { covers, type NetworkHost, show } from "../domain/NetworkHost.ts"
import { escapeLine } from "../internal/escape.ts"
import { type Connection, type Dialing, openProxy, type SandboxCommand, type SandboxResult } from "../Sandbox.ts"
import type { SessionState } from "../StateMachine.ts"
import { type Leaves, subject } from "./Leaves.ts"
import { decideHost, type HostRequest } from "./network/decideHost.ts"
import { entryOf } from "./network/entryOf.ts"
import type { Network, NetworkLedger, NetworkNeed } from "./network/Network.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"

export type { Network, NetworkNeed } from "./network/Network.ts"

const maxNotes = 10

const emptyLedger = (): NetworkLedger => ({
  usage: { connections: 0, bytes: 0 },
  refused: new Map(),
  asking: Effect.unsafeMakeSemaphore(1)
})

const denied = (reason: string): Decision => ({ effect: "deny", rule: "network", layer: "default", reason })

/**
 * Opens a proxy for the scope. Each connection has to be on the list, then the policy is asked about it and, where a rule says so, a
 * human. It is on record before it opens, and with its bytes when it ends.
 */
export const openNetwork = Effect.fn("Router.openNetwork")(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  { caller, hosts, tool }: NetworkNeed,
  dialing: Dialing
): Effect.fn.Return<Network, RouterFailed, Scope.Scope> {
  const ledger = leaves.memoryOf(session.stage).network ??= emptyLedger()
  const notes = new Set<string>()
  const asked = new Set<string>()
  let broken: RouterFailed | undefined
  const breaks = (error: RouterFailed) => Effect.sync(() => broken ??= error)

  const requestOf = (host: NetworkHost): HostRequest => ({
    action: "network.connect",
    phase: state.phase,
    mode: state.mode,
    tool,
    host: show(host),
    ...(caller === undefined ? {} : { caller })
  })

  const decide = (host: NetworkHost): Effect.Effect<Decision> => {
    if (!hosts.some((allowed) => covers(allowed, host))) {
      return Effect.succeed(denied(`${show(host)} is not on the list of hosts (${hosts.map(show).join(", ")})`))
    }
    asked.add(show(host))
    return decideHost(leaves, session, state, ledger, requestOf(host)).pipe(
      Effect.catchAll((error) => Effect.as(breaks(error), denied("the decision cannot be put on record")))
    )
  }

  const record = (connection: Connection) => {
    const { host, outcome, reason } = connection
    if (outcome === "refused" && notes.size < maxNotes) {
      notes.add(escapeLine(`${connection.asked || "a connection"}: ${reason}`, 300))
    }
    const actor = caller === undefined ? "model" : "human"
    const entry = entryOf(connection, { ...subject(session.id, state), actor }, {
      tool,
      asked: host !== null && asked.has(show(host)) ? requestOf(host) : undefined
    })
    const kept = outcome === "opened" ? leaves.audit.commit(entry) : leaves.audit.append(entry)
    return kept.pipe(Effect.mapError(fromLeaf(entry.action)), Effect.tapError(breaks))
  }

  const { directory } = yield* Effect.mapError(
    openProxy({ user: session.stage.user, usage: ledger.usage, dialing, decide, record }),
    fromLeaf(tool)
  )
  return { directory, refused: Effect.suspend(() => broken === undefined ? Effect.succeed([...notes]) : broken) }
})

/** Runs one command with a proxy of its own to the hosts it needs, gone when the command is; `refused` tells what it could not reach. */
export const runWithNetwork = Effect.fn("Router.runWithNetwork")(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  need: NetworkNeed,
  dialing: Dialing,
  command: SandboxCommand
): Effect.fn.Return<
  { readonly result: SandboxResult; readonly refused: ReadonlyArray<string> },
  RouterFailed,
  Scope.Scope
> {
  const network = yield* openNetwork(leaves, session, state, need, dialing)
  const result = yield* Effect.mapError(
    leaves.sandbox.run({ ...command, template: "integration-test", network: { directory: network.directory } }),
    fromLeaf(need.tool)
  )
  return { result, refused: yield* network.refused }
}, Effect.scoped)
