import type { Effect, Schema } from "effect"
import type { NetworkHost } from "../domain/NetworkHost.ts"
import type { ProjectPath } from "../domain/ProjectPath.ts"
import type { ToolOutcome } from "../domain/ToolCall.ts"
import type { PolicyRequest } from "../Policy.ts"
import type { Dialing, Limits, SandboxResult } from "../Sandbox.ts"
import type { Classify, SessionState } from "../StateMachine.ts"
import type { Edit, Tried } from "../Workspace.ts"
import type { Baselines } from "./baselines.ts"
import type { Registries } from "./deps/find.ts"
import type { Layers } from "./deps/Layers.ts"
import type { Leaves } from "./Leaves.ts"
import type { ReportChannel } from "./reportChannel.ts"
import type { RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import type { RunnerConfig } from "./Runners.ts"
import type { Settlement } from "./settle.ts"
import type { ToolSpec } from "./ToolSpec.ts"

/**
 * Whether each source hunk is taken back alone before a task is complete, to see if a test demands it: `report` names those none does,
 * `require` refuses to complete with them. `budgetMs` bounds the time of it.
 */
export interface NecessityOptions {
  readonly rule: "off" | "report" | "require"
  readonly budgetMs: number
}

/**
 * What the router is told once. `grep` is "literal", and `reports` in memory, only for stages that are not on a disk. `baselines` keep
 * what the tests did before a session for the next one.
 */
export interface RouterOptions {
  readonly classify: Classify
  readonly limits: Limits
  readonly runners: ReadonlyArray<RunnerConfig>
  readonly grep: "ripgrep" | "literal"
  readonly reports: ReportChannel
  readonly baselines: Baselines
  readonly necessity: NecessityOptions
  /** Where finished installs are kept; without a place nothing is installed. */
  readonly layers?: Layers | undefined
  readonly registries?: Registries | undefined
  /** The hosts that commands may ask for, and how their names become connections. */
  readonly network: { readonly hosts: ReadonlyArray<NetworkHost>; readonly dialing: Dialing }
}

/** What one tool says of one call. `ownMs` is the time its own work took: reading, or running in the sandbox. */
export interface ToolAnswer {
  readonly outcome: ToolOutcome
  readonly text: string
  readonly by?: string
  readonly ownMs: number
}

/** A command over the session's stage; the working directory is project-relative. */
export interface StageCommand {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd?: string
  readonly stdin?: Uint8Array
  readonly timeoutMs?: number
  readonly outputBytes?: number
  readonly env?: Readonly<Record<string, string>>
  /** Whether it gets the hosts of the configuration; the call has to have asked for them (`Tool.network`). */
  readonly network?: boolean
  readonly mounts?: ReadonlyArray<{ readonly source: string; readonly target: string; readonly mode: "ro" | "rw" }>
}

/** A command that ran: its result, what became of its changes, and the connections it was refused, one line each. */
export interface StageRun {
  readonly result: SandboxResult
  readonly settlement: Settlement
  readonly refused: ReadonlyArray<string>
}

/** What a tool may use. `run` executes in a sandbox over the stage and then gates what it did: no tool can leave the gate out. */
export interface ToolContext {
  /** The path of the call, parsed; "." when the tool has none. */
  readonly path: ProjectPath
  readonly session: RouterSession
  readonly state: SessionState
  readonly options: RouterOptions
  readonly leaves: Leaves
  readonly run: (
    command: StageCommand
  ) => Effect.Effect<StageRun, RouterFailed>
  /** The same for a test run, whose changes to the stage are never kept. */
  readonly runDiscarding: ToolContext["run"]
  /** Work over the stage with edits tried out; whatever becomes of it, the stage is as it was accepted afterwards. */
  readonly trying: <A>(
    edits: ReadonlyArray<Edit> | Tried,
    work: (run: (command: StageCommand) => Effect.Effect<SandboxResult, RouterFailed>) => Effect.Effect<A, RouterFailed>
  ) => Effect.Effect<A, RouterFailed>
}

/** One tool: what the model is told of it, how its arguments are read, what policy is asked, and its work. */
export interface Tool<A> {
  readonly spec: ToolSpec
  readonly schema: Schema.Schema<A, any>
  /** One line for a person, from decoded arguments. */
  readonly summary: (args: A) => string
  /** The project path the call is about, as written; it is parsed and refused before anything else. */
  readonly path?: (args: A) => string | undefined
  /** Whether the call writes `path`: then the phase is asked before anything runs. */
  readonly writes?: boolean
  readonly request?: (args: A) => Partial<PolicyRequest>
  /** What a human who is asked about the call is told besides. */
  readonly about?: (
    args: A,
    context: Pick<ToolContext, "options" | "path" | "session">
  ) => Effect.Effect<string, RouterFailed>
  /** Whether the call asks for a network: then the policy is asked about that too. */
  readonly network?: (args: A) => boolean
  readonly execute: (args: A, context: ToolContext) => Effect.Effect<ToolAnswer, RouterFailed>
}

export const defineTool = <A>(tool: Tool<A>): Tool<A> => tool
