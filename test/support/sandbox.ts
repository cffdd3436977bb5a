import { Effect } from "effect"
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { defaultLimits, type Limits, Sandbox, type SandboxCommand } from "../../src/Sandbox.ts"

/** Whether the tests run as root, and so with root's runtimes. */
export const isRoot = process.getuid!() === 0

/** Users a sandbox is tested as: ourselves, and when we are root an ordinary one too. */
export const users = isRoot
  ? [{ uid: 0, gid: 0 }, { uid: 65534, gid: 65534 }]
  : [{ uid: process.getuid!(), gid: process.getgid!() }]

/** A command with nothing mounted, in /tmp, and 20 s to live. */
export const command = (
  line: readonly [string, ...ReadonlyArray<string>],
  options: Partial<Omit<SandboxCommand, "limits">> & { readonly limits?: Partial<Limits> } = {}
): SandboxCommand => ({
  command: line[0],
  args: line.slice(1),
  cwd: "/tmp",
  mounts: [],
  user: users[0]!,
  ...options,
  limits: { ...defaultLimits, timeoutMs: 20_000, ...options.limits }
})

export const run = (...parameters: Parameters<typeof command>) =>
  Effect.flatMap(Sandbox, (sandbox) => sandbox.run(command(...parameters)))

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8")

/** A directory of the user's, 0700, below a parent anybody can search; gone with the scope. */
export const stage = (user: SandboxCommand["user"]) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const parent = mkdtempSync(join(tmpdir(), "fluffy-sandbox-"))
      chmodSync(parent, 0o711)
      const root = mkdtempSync(join(parent, "stage-"))
      chownSync(root, user.uid, user.gid)
      return { parent, root }
    }),
    ({ parent }) => Effect.sync(() => rmSync(parent, { recursive: true, force: true }))
  ).pipe(Effect.map(({ root }) => root))
