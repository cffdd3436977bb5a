import { Effect } from "effect"
import type { SandboxResult } from "../../../Sandbox.ts"
import type { TestRun } from "../../../StateMachine.ts"
import { reportedBy, takeReport } from "../../reportChannel.ts"
import type { RouterFailed } from "../../RouterError.ts"
import { maxReportBytes, type Selected } from "../../Runners.ts"
import type { StageCommand, ToolContext } from "../../Tool.ts"
import { heldFiles } from "./heldFiles.ts"

/** How one selection is run: `held` files cannot change meanwhile, and `run` decides what becomes of what the run did to the stage. */
export interface RunOptions<A> {
  readonly run: (command: StageCommand) => Effect.Effect<A, RouterFailed>
  readonly held: ReadonlyArray<string>
  readonly timeoutMs: number | undefined
}

/** Runs one selection and takes its report; `output` is what the run printed besides. */
export const runSelected = Effect.fnUntraced(
  function*<A extends { readonly result: SandboxResult }>(
    context: Pick<ToolContext, "options" | "session">,
    selected: Selected,
    { held, run, timeoutMs }: RunOptions<A>
  ) {
    const { stage } = context.session
    const way = yield* context.options.reports.open(selected, stage.user)
    const { mounts, ...given } = reportedBy(way)
    const ran = yield* run({
      command: selected.command,
      args: selected.args,
      cwd: selected.cwd,
      env: selected.env,
      mounts: [...heldFiles(stage, held), ...mounts],
      outputBytes: maxReportBytes,
      ...given,
      ...(timeoutMs === undefined ? {} : { timeoutMs })
    })
    const { result } = ran
    const { report, stdout } = yield* takeReport(way, selected, result.stdout)
    const judged: TestRun = { report, exitCode: result.exitCode, ended: result.ended }
    const output = [stdout, result.stderr].map((bytes) => Buffer.from(bytes).toString("utf8").trim()).filter(
      Boolean
    ).join("\n")
    return { run: judged, ran, output, ms: result.durationMs }
  },
  Effect.scoped
)
