import type { Effect } from "effect"
import type { Decision } from "../../domain/Decision.ts"
import type { NetworkHost } from "../../domain/NetworkHost.ts"
import type { NetworkUsage } from "../../Sandbox.ts"
import type { RouterFailed } from "../RouterError.ts"

/** A network for commands of one tool: exactly these hosts, each as far as the policy lets it. `caller` is a person's front end. */
export interface NetworkNeed {
  readonly hosts: ReadonlyArray<NetworkHost>
  readonly tool: string
  readonly caller?: string
}

/**
 * An open proxy, for `SandboxCommand.network`. `refused` tells, one line each, what was refused so far; it fails when a connection could
 * not be put on record.
 */
export interface Network {
  readonly directory: string
  readonly refused: Effect.Effect<ReadonlyArray<string>, RouterFailed>
}

/** What a session has used of the network, and the hosts to which a human has said no. One question is asked at a time. */
export interface NetworkLedger {
  readonly usage: NetworkUsage
  readonly refused: Map<string, Decision>
  readonly asking: Effect.Semaphore
}
