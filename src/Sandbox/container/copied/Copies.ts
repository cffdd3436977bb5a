import { Effect, Exit, Scope } from "effect"
import { acquireRelease, addFinalizer } from "../../../internal/finalizer.ts"
import type { SandboxResult } from "../../SandboxCommand.ts"
import { SandboxFailed } from "../../SandboxError.ts"
import { templateOf } from "../../Template.ts"
import { profileOf } from "../createOptions.ts"
import type { Making } from "../life.ts"
import { hosts } from "../mountOptions.ts"
import { receive } from "./receive.ts"
import { placeIn, type Root, rootOf, rootsOf } from "./roots.ts"
import { signature } from "./signature.ts"
import { copyIn, copyOut, type Volume } from "./Volume.ts"

interface Kept {
  readonly signature: string
  readonly volume: Volume
  readonly scope: Scope.CloseableScope
}

/** Files of ours that an engine reads for every container. */
const always = ({ found, shape: { command } }: Making) => [
  hosts,
  ...found.facts.name === "podman" ? [{ source: profileOf(command), mode: "ro" as const }] : []
]

/** Why a command cannot be run by copies, or undefined. */
const problem = ({ found, shape: { command } }: Making): string | undefined => {
  if (found.facts.rootless) return "a rootless engine that does not see this machine's files is not supported"
  if (command.mounts.some(({ mode }) => mode === "overlay")) {
    return "an engine that does not see files makes no overlay of them"
  }
  return templateOf(command).network
    ? "an engine that does not see this machine's files does not reach its proxy either"
    : undefined
}

/** Runs commands in an engine that does not see this machine's files. */
export interface Copies {
  /**
   * Copies what the command's mounts show to the engine, runs it there, and makes what it could write here what it left there. Unless
   * all of that comes back and makes sense, nothing here changes.
   */
  readonly run: (
    making: Making,
    there: (making: Making) => Effect.Effect<SandboxResult, SandboxFailed>
  ) => Effect.Effect<SandboxResult, SandboxFailed>
}

/** What cannot be written is copied once, and again when it has changed; it goes with the scope. */
export const makeCopies = Effect.gen(function*() {
  const kept = new Map<string, Kept>()
  const alone = yield* Effect.makeSemaphore(1)
  yield* addFinalizer((exit) =>
    Effect.forEach([...kept.values()], ({ scope }) => Scope.close(scope, exit), { discard: true })
  )

  const failing = (backend: string) => (cause: unknown) =>
    new SandboxFailed({ backend, method: "copy", reason: "setup", detail: (cause as Error).message, cause })

  const forReading = (making: Making, root: Root) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const now = yield* Effect.try({ try: () => signature(root.path), catch: failing(making.backend) })
        const before = kept.get(root.path)
        if (before?.signature === now) return before.volume
        kept.delete(root.path)
        if (before !== undefined) yield* Scope.close(before.scope, Exit.void)
        const scope = yield* Scope.make()
        const volume = yield* restore(Scope.extend(copyIn(making, root), scope)).pipe(
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
        )
        kept.set(root.path, { signature: now, volume, scope })
        return volume
      })
    ).pipe(alone.withPermits(1))

  const run: Copies["run"] = (making, there) =>
    Effect.scoped(Effect.gen(function*() {
      const { backend, shape: { command } } = making
      const reason = problem(making)
      if (reason !== undefined) return yield* failing(backend)(new Error(reason))
      const roots = yield* Effect.try({
        try: () => rootsOf([...always(making), ...command.mounts.filter((mount) => mount.mode !== "overlay")]),
        catch: failing(backend)
      })
      const volumes = new Map<Root, Volume>()
      for (const root of roots) {
        volumes.set(root, yield* root.writable ? copyIn(making, root) : forReading(making, root))
      }
      const seen = (source: string) => {
        const root = rootOf(roots, source)
        return root === undefined ? source : placeIn(root, volumes.get(root)!.place, source)
      }
      const result = yield* there({ ...making, shape: { ...making.shape, seen } })
      const owner = process.getuid?.() === 0 ? command.user : undefined
      const returned = yield* Effect.forEach(
        [...volumes].filter(([root]) => root.writable),
        ([root, volume]) =>
          acquireRelease(
            copyOut(making, root, volume, (archive) => receive(archive, volume.bytes + command.limits.diskBytes)),
            ({ close }) => Effect.sync(close)
          ).pipe(Effect.map(({ unpack }) => () => unpack(root.path, owner)))
      )
      yield* Effect.try({ try: () => returned.forEach((unpack) => unpack()), catch: failing(backend) })
      return result
    }))

  return { run } satisfies Copies
})
