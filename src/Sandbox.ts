import { Context, Effect, Layer, type Scope } from "effect"
import { capped, killed } from "./Sandbox/limits.ts"
import { networkProblem } from "./Sandbox/networked.ts"
import type { SandboxCommand, SandboxProbe, SandboxResult } from "./Sandbox/SandboxCommand.ts"
import { SandboxFailed, type SandboxUnavailable } from "./Sandbox/SandboxError.ts"
import type { Script } from "./Sandbox/Script.ts"
import { templateProblem, withinTemplate } from "./Sandbox/Template.ts"

export * from "./Sandbox/Proxy.ts"
export * from "./Sandbox/SandboxCommand.ts"
export * from "./Sandbox/SandboxError.ts"
export * from "./Sandbox/Script.ts"
export * from "./Sandbox/Template.ts"
export { trial } from "./Sandbox/trial.ts"

/** Why a backend was taken. `image` is one that the project named, when that is what it runs. */
export interface Chosen {
  readonly why: string
  readonly image?: string
}

/** Runs one command in an isolation of its own: no network, secrets or privileges. When `run` returns, every process of it is dead. */
export class Sandbox extends Context.Tag("fluffy/Sandbox")<Sandbox, {
  readonly backend: string
  /** Why it was taken, where it was chosen among several. */
  readonly chosen?: Chosen
  /** The id of the image that its programs come from; none where they are this machine's own. */
  readonly image?: Effect.Effect<string, SandboxFailed | SandboxUnavailable>
  /** Runs the command to its end; interruption kills its whole process tree first. A command that fails is a result, not an error. */
  readonly run: (command: SandboxCommand) => Effect.Effect<SandboxResult, SandboxFailed | SandboxUnavailable>
  /** Whether this backend works here, by running a command in it; what is missing and the exact command that mends it. */
  readonly probe: Effect.Effect<SandboxProbe>
  /**
   * While the scope is open, sandboxes for commands that can write below this directory and nowhere else may be started ahead, each for
   * one command. Only a matter of time: what a command sees and can do is the same, and nothing is left when the scope is closed.
   */
  readonly warm: (root: string) => Effect.Effect<void, never, Scope.Scope>
}>() {}

const exhausted = ({ args, command }: SandboxCommand) =>
  new SandboxFailed({
    backend: "memory",
    method: "run",
    reason: "script exhausted",
    detail: `the script has no answer to ${JSON.stringify([command, ...args].join(" ").slice(0, 200))}`
  })

const refused = (detail: string) => new SandboxFailed({ backend: "memory", method: "run", reason: "setup", detail })

/** Answers commands from a script and runs nothing. Holds to the command's template, its time and output limits; without an answer a command fails. */
export const layerMemory = (script: Script = () => undefined): Layer.Layer<Sandbox> =>
  Layer.succeed(
    Sandbox,
    Sandbox.of({
      backend: "memory",
      run: Effect.fn("Sandbox.run")(function*(asked: SandboxCommand) {
        const problem = templateProblem(asked) ?? networkProblem(asked)
        if (problem !== undefined) return yield* refused(problem)
        const command = withinTemplate(asked)
        const answer = yield* Effect.sync(() => script(command))
        if (answer === undefined) return yield* exhausted(command)
        const result = Effect.isEffect(answer) ? yield* inTime(answer, command.limits.timeoutMs) : answer
        const kept = capped(result, command.limits.outputBytes)
        if (kept.stdout.length > 0) command.onOutput?.("stdout", kept.stdout)
        if (kept.stderr.length > 0) command.onOutput?.("stderr", kept.stderr)
        return kept
      }),
      probe: Effect.succeed({
        backend: "memory",
        usable: true,
        detail: "scripted answers, nothing runs",
        warnings: []
      }),
      warm: () => Effect.void
    })
  )

const inTime = <E>(answer: Effect.Effect<SandboxResult, E>, timeoutMs: number) =>
  Effect.timeoutTo(answer, {
    duration: timeoutMs,
    onSuccess: (result) => result,
    onTimeout: () => ({ ...killed, ended: "timeout" as const, durationMs: timeoutMs })
  })
