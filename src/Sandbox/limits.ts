import type { SandboxResult } from "./SandboxCommand.ts"

/** What is left of a command that a limit has killed (SIGKILL) before it printed anything. */
export const killed = { exitCode: 128 + 9, stdout: new Uint8Array(), stderr: new Uint8Array() } as const

/** A result as it would be if the command had been killed after `limit` bytes of output, stdout first. */
export const capped = (result: SandboxResult, limit: number): SandboxResult => {
  if (result.stdout.length + result.stderr.length <= limit) return result
  const stdout = result.stdout.subarray(0, limit)
  const stderr = result.stderr.subarray(0, limit - stdout.length)
  return { ...result, exitCode: killed.exitCode, ended: "output", stdout, stderr }
}
