import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { BindMount, SandboxCommand, SandboxResult } from "../../SandboxCommand.ts"
import type { SandboxFailed } from "../../SandboxError.ts"
import { statusOf } from "../Engine.ts"
import { isOrphan, labels, machine, markOf } from "../KernelMark.ts"

const noSuchImage = 404

/** Where stages and reports may lie. */
const places = (runtimeDirectory: string | undefined): ReadonlyArray<string> => [
  ...new Set([tmpdir(), "/dev/shm", "/var/tmp", ...runtimeDirectory === undefined ? [] : [runtimeDirectory]])
]

interface Sign {
  readonly text: string
  readonly mount: BindMount
}

const prefix = "fluffy-sign-"
const coded = (mark: string) => Buffer.from(mark).toString("base64url")

/** How the directories of a kernel's signs begin: they tell whose they are, since one that is killed leaves them. */
export const signsOf = (mark: string): string => `${prefix}${coded(mark)}.`

const isLeft = (name: string): boolean => {
  const [mark] = name.slice(prefix.length).split(".")
  return isOrphan({ [labels.machine]: machine(), [labels.kernel]: Buffer.from(mark!, "base64url").toString() })
}

/** Takes away one sign; in a directory of somebody else's nothing is touched. */
const takeAway = (directory: string): void => {
  try {
    if (lstatSync(directory).uid !== process.getuid?.()) return
    rmSync(join(directory, "sign"), { force: true })
    rmdirSync(directory)
  } catch {
    // Somebody else has, or the next kernel will.
  }
}

/** Takes away what killed kernels left in a place. */
const sweep = (place: string): void => {
  for (const name of readdirSync(place)) {
    if (name.startsWith(prefix) && isLeft(name)) takeAway(join(place, name))
  }
}

const put = (place: string, at: number): ReadonlyArray<Sign> => {
  try {
    sweep(place)
    const source = mkdtempSync(join(place, signsOf(markOf(process.pid))))
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
