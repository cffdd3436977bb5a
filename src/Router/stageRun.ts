import { Effect } from "effect"
import type { ToolName } from "../domain/ToolCall.ts"
import type { SandboxCommand } from "../Sandbox.ts"
import type { SessionState } from "../StateMachine.ts"
import type { Leaves } from "./Leaves.ts"
import { runWithNetwork } from "./network.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import { discard, settle, type Settlement } from "./settle.ts"
import type { RouterOptions, StageCommand, ToolContext } from "./Tool.ts"

const usualTimeoutMs = 120_000

/** Runs commands over a session's stage; what they did is gated (or, for test runs, dropped) before anybody sees the result. */
export const stageRun = (
  leaves: Leaves,
  options: RouterOptions,
  session: RouterSession,
  state: SessionState,
  tool: ToolName
): {
  readonly gated: ToolContext["run"]
  readonly discarding: ToolContext["run"]
  readonly trying: ToolContext["trying"]
} => {
  const { stage } = session
  const commandOf = (command: StageCommand) =>
    Effect.map(stage.mounts, (mounts): SandboxCommand => ({
      command: command.command,
      args: command.args,
      cwd: command.cwd === undefined || command.cwd === "." ? stage.project : `${stage.project}/${command.cwd}`,
      mounts: [...mounts, ...(command.mounts ?? [])],
      limits: {
        ...options.limits,
        timeoutMs: Math.min(command.timeoutMs ?? usualTimeoutMs, options.limits.timeoutMs),
        outputBytes: Math.max(command.outputBytes ?? 0, options.limits.outputBytes)
      },
      user: stage.user,
      ...(command.env === undefined ? {} : { env: command.env }),
      ...(command.stdin === undefined ? {} : { stdin: command.stdin })
    })).pipe(Effect.mapError(fromLeaf(tool)))
  const bare = (command: StageCommand) =>
    Effect.flatMap(commandOf(command), (whole) => Effect.mapError(leaves.sandbox.run(whole), fromLeaf(tool)))
  const { dialing, hosts } = options.network
  const execute = (command: StageCommand) =>
    command.network === true
      ? Effect.flatMap(commandOf(command), (whole) =>
        runWithNetwork(leaves, session, state, { hosts, tool }, dialing, whole))
      : Effect.map(bare(command), (result) => ({ result, refused: [] }))
  const through = (after: Effect.Effect<Settlement, RouterFailed>): ToolContext["run"] => (command: StageCommand) =>
    Effect.flatMap(execute(command), (ran) => Effect.map(after, (settlement) => ({ ...ran, settlement })))
  const alone = (command: StageCommand) => Effect.map(execute(command), ({ result }) => result)
  const restore = Effect.mapError(Effect.flatMap(stage.scan, stage.reject), fromLeaf(tool))
  return {
    gated: through(Effect.suspend(() => settle(leaves, session, state, tool, options.classify))),
    discarding: through(Effect.suspend(() => discard(leaves, session, state))),
    trying: (edits, work) =>
      Effect.uninterruptibleMask((interruptible) =>
        Effect.gen(function*() {
          const tried = Effect.mapError(stage.tryOut(edits), fromLeaf(tool))
          const exit = yield* Effect.exit(Effect.zipRight(tried, interruptible(work(alone))))
          yield* restore
          return yield* exit
        })
      )
  }
}
