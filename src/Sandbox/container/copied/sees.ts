import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { BindMount, SandboxCommand, SandboxResult } from "../../SandboxCommand.ts"
import type { SandboxFailed } from "../../SandboxError.ts"
import { statusOf } from "../Engine.ts"

const noSuchImage = 404

/** Where stages and reports may lie. */
const places = (runtimeDirectory: string | undefined): ReadonlyArray<string> => [
  ...new Set([tmpdir(), "/dev/shm", "/var/tmp", ...runtimeDirectory === undefined ? [] : [runtimeDirectory]])
]

interface Sign {
  readonly text: string
  readonly mount: BindMount
}

const put = (place: string, at: number): ReadonlyArray<Sign> => {
  try {
    const source = mkdtempSync(join(place, "fluffy-sign-"))
    const text = randomUUID()
    writeFileSync(join(source, "sign"), text)
    chmodSync(source, 0o755)
    return [{ text, mount: { source, target: `/srv/sign${at}`, mode: "ro" } }]
  } catch {
    return []
  }
}

const isRefusal = ({ cause }: SandboxFailed) => (statusOf(cause) ?? noSuchImage) !== noSuchImage

/**
 * Whether an engine sees this machine's files: it must read what was written a moment ago, and nobody else can know, in each place where
 * a stage may lie. Where its own machine has a directory of the same name it does not.
 */
export const seesFiles = (
  runtimeDirectory: string | undefined,
  nothing: SandboxCommand,
  run: (command: SandboxCommand) => Effect.Effect<SandboxResult, SandboxFailed>
): Effect.Effect<boolean, SandboxFailed> =>
  Effect.acquireUseRelease(
    Effect.sync(() => places(runtimeDirectory).flatMap(put)),
    (signs) =>
      run({
        ...nothing,
        command: "cat",
        args: signs.map(({ mount }) => `${mount.target}/sign`),
        mounts: signs.map(({ mount }) => mount)
      }).pipe(
        Effect.map(({ stdout }) => Buffer.from(stdout).toString("utf8") === signs.map(({ text }) => text).join("")),
        // It refuses to show what it does not have. One that does not answer has said nothing.
        Effect.catchIf(isRefusal, () => Effect.succeed(false))
      ),
    (signs) => Effect.sync(() => signs.forEach(({ mount }) => rmSync(mount.source, { recursive: true, force: true })))
  )
