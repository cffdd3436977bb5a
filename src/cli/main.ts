import { Cause, Effect, Exit, Fiber } from "effect"
import { escape } from "../internal/escape.ts"
import type { Command, CommandOf } from "./args.ts"
import { type CommandError, ending } from "./exit.ts"
import { errStyle, screen, tell } from "./io.ts"
import * as Logger from "./logger.ts"
import type { CommandName } from "./table.ts"
import { unwritable } from "./unwritable.ts"

type Run<Name extends CommandName> = (command: CommandOf<Name>) => Effect.Effect<number, CommandError>

const commands: { readonly [Name in CommandName]: () => Promise<{ readonly run: Run<Name> }> } = {
  run: () => import("./commands/run.ts"),
  demo: () => import("./commands/demo.ts"),
  doctor: () => import("./commands/doctor.ts"),
  exec: () => import("./commands/exec.ts"),
  tool: () => import("./commands/tool.ts"),
  "policy apply": () => import("./commands/policyApply.ts"),
  "policy check": () => import("./commands/policyCheck.ts"),
  "policy explain": () => import("./commands/policyExplain.ts"),
  "policy grants": () => import("./commands/policyGrants.ts"),
  "policy revoke": () => import("./commands/policyRevoke.ts"),
  "policy test": () => import("./commands/policyTest.ts"),
  "audit log": () => import("./commands/auditLog.ts"),
  "audit verify": () => import("./commands/auditVerify.ts"),
  "audit export": () => import("./commands/auditExport.ts"),
  "image build": () => import("./commands/imageBuild.ts"),
  "sandbox prune": () => import("./commands/sandboxPrune.ts"),
  "session list": () => import("./commands/sessionList.ts"),
  "session show": () => import("./commands/sessionShow.ts")
}

const dispatch = <Name extends CommandName>(command: CommandOf<Name>): Effect.Effect<number, CommandError> =>
  Effect.flatMap(
    Effect.promise(commands[command.name] as () => Promise<{ readonly run: Run<Name> }>),
    ({ run }) => run(command)
  )

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Works that only print: a reader that has seen enough (`| head`) is no failure of theirs. */
const isListing = (name: CommandName) => /^(audit|policy|session|doctor)/.test(name)

/** Runs a command to its end, whatever comes: its exit code is the process's, and finalizers have run when it ends. */
export const main = (command: Command): void => {
  const verbose = command.flags.verbose === true || (process.env["FLUFFY_DEBUG"] ?? "") !== ""
  let forced: number | undefined
  let lost: string | undefined
  const fiber = Effect.runFork(dispatch(command).pipe(Effect.provide(Logger.layer(verbose))))

  const stop = (exitCode: number, word: string) => {
    if (word !== "") {
      tell(`\n${forced === undefined ? word : "Still ending: the sandbox is closed and the log written first"}\n`)
    }
    forced ??= exitCode
    Effect.runFork(Fiber.interruptAsFork(fiber, fiber.id()))
  }
  for (const [signal, exitCode] of Object.entries(signals)) {
    process.on(signal, () => stop(exitCode, "Interrupted: ending cleanly"))
  }
  process.stdout.on("error", (error) => {
    lost ??= unwritable(error)
    stop(isListing(command.name) ? 0 : 130, "")
  })
  process.stderr.on("error", () => {})

  fiber.addObserver((exit) => {
    screen.clear()
    const exitCode = Exit.isSuccess(exit) ? exit.value : report(exit.cause, verbose, forced)
    // The event comes only after the write, and what was lost is never a success.
    if (process.stdout.errored !== null) lost ??= unwritable(process.stdout.errored)
    if (lost !== undefined) tell(`${errStyle.red("fluffy:")} ${lost}\n`)
    process.exit(lost === undefined ? exitCode : 1)
  })
}

/** Tells what went wrong and gives the exit code. An interruption's code is that of the signal. */
const report = (cause: Cause.Cause<CommandError>, verbose: boolean, forced: number | undefined): number => {
  const { exitCode, message } = ending(cause)
  if (message === undefined) return forced ?? exitCode
  tell(`${errStyle.red("fluffy:")} ${escape(message)}\n`)
  if (verbose) tell(`${errStyle.dim(escape(Cause.pretty(cause, { renderErrorCause: true })))}\n`)
  return exitCode
}
