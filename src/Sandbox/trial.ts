import { Effect } from "effect"
import { defaultLimits, type Mount, type SandboxCommand, type SandboxResult } from "./SandboxCommand.ts"

const trialMs = 20_000
const shownBytes = 500

/** Runs a shell script over mounts, in the directory `cwd`, and says why that was not possible, if so. */
export const trial = <E extends { readonly message: string }>(
  run: (command: SandboxCommand) => Effect.Effect<SandboxResult, E>,
  cwd: string
) =>
(
  script: string,
  mounts: ReadonlyArray<Mount>,
  user: SandboxCommand["user"]
): Effect.Effect<string | undefined> =>
  run({
    command: "/bin/sh",
    args: ["-c", script],
    cwd,
    mounts,
    user,
    limits: { ...defaultLimits, timeoutMs: trialMs }
  }).pipe(
    Effect.match({
      onFailure: ({ message }) => message,
      onSuccess: ({ ended, exitCode, stderr }) => {
        const said = Buffer.from(stderr).toString("utf8").trim().slice(0, shownBytes)
        return exitCode === 0 ? undefined : `${said} (${ended}, exit code ${exitCode})`
      }
    })
  )
