import type { Effect } from "effect"
import type { SandboxCommand, SandboxResult } from "./SandboxCommand.ts"
import type { SandboxFailed, SandboxUnavailable } from "./SandboxError.ts"

/**
 * What a scripted sandbox answers to a command; undefined is "the script has no answer". An answer that is an effect may write into the
 * command's mount sources, as a real command would.
 */
export type Script = (
  command: SandboxCommand
) => SandboxResult | Effect.Effect<SandboxResult, SandboxFailed | SandboxUnavailable> | undefined

/** A result for a script: a command that ended by itself with exit code 0 and printed nothing, but for what is given. */
export const scripted = (
  result: Partial<Omit<SandboxResult, "stdout" | "stderr">> & { readonly stdout?: string; readonly stderr?: string } =
    {}
): SandboxResult => {
  const { stderr = "", stdout = "", ...rest } = result
  const encoder = new TextEncoder()
  return {
    exitCode: 0,
    ended: "exit",
    durationMs: 0,
    ...rest,
    stdout: encoder.encode(stdout),
    stderr: encoder.encode(stderr)
  }
}
