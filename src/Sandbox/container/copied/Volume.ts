import { Effect, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { basename, dirname } from "node:path"
import type { Readable } from "node:stream"
import { acquireRelease } from "../../../internal/finalizer.ts"
import { SandboxFailed } from "../../SandboxError.ts"
import { wordsOf } from "../Engine.ts"
import { type Making, removeOrKeep } from "../life.ts"
import { removeVolume } from "../prune.ts"
import { tar } from "../tar.ts"
import { within } from "../within.ts"
import type { Root } from "./roots.ts"

/** A copy of a root on the engine's machine: `place` is its directory there, `bytes` what was sent. */
export interface Volume {
  readonly name: string
  readonly place: string
  readonly bytes: number
}

const answerMs = 60_000
const copyMs = 600_000
const inside = "/copy"

/** Asks the engine for something of a copy. */
const asking = <A>({ backend }: Pick<Making, "backend">, ms: number, what: string, ask: () => Promise<A>) =>
  Effect.tryPromise({
    try: () => within(ms, what, ask()),
    catch: (cause) => new SandboxFailed({ backend, method: "copy", reason: "io", detail: wordsOf(cause), cause })
  })

/**
 * Runs with a container that has the volume and is never started: an engine unpacks and packs archives in one all the same. Nobody's
 * program runs, so nothing can be at work in the volume meanwhile.
 */
const withHolder = <A, E>(
  making: Making,
  volume: Pick<Volume, "name">,
  use: (id: string) => Effect.Effect<A, E>
): Effect.Effect<A, E | SandboxFailed> =>
  Effect.acquireUseRelease(
    Effect.sync(() => `fluffy-${randomUUID()}`),
    (name) =>
      Effect.uninterruptible(asking(making, answerMs, "made no container", () =>
        making.found.engine.create({
          name,
          Image: making.shape.image.id,
          Entrypoint: ["/bin/false"],
          Labels: { ...making.shape.labels },
          NetworkDisabled: true,
          HostConfig: {
            NetworkMode: "none",
            CapDrop: ["ALL"],
            Binds: [`${volume.name}:${inside}`],
            ...making.found.facts.name === "podman" ? { Ulimits: limits } : {}
          }
        }))).pipe(Effect.flatMap(use)),
    (name) => removeOrKeep(making.found, name, making.left)
  )

// Podman asks for them where its own service has less than its defaults.
const limits = ["nofile", "nproc"].map((Name) => ({ Name, Soft: 1024, Hard: 1024 }))

// Not its content alone: an engine leaves a directory that is there already, the volume's own, as it is.
const copyOf = ({ path }: Root): Readable => tar([`--directory=${dirname(path)}`, `./${basename(path)}`])

/** A new volume with a copy of the root, removed with the scope. */
export const copyIn = Effect.fnUntraced(function*(
  making: Making,
  root: Root
): Effect.fn.Return<Volume, SandboxFailed, Scope.Scope> {
  const { engine } = making.found
  const name = yield* acquireRelease(
    Effect.sync(() => `fluffy-${randomUUID()}`),
    (name) =>
      Effect.catchAll(
        removeVolume(engine, name),
        ({ words }) => Effect.logWarning(`The volume ${name} is left: ${words}. The next start removes it.`)
      )
  )
  const place = yield* Effect.uninterruptible(
    asking(making, answerMs, "made no volume", () => engine.createVolume(name, making.shape.labels))
  )
  let bytes = 0
  yield* withHolder(making, { name }, (id) =>
    Effect.acquireUseRelease(
      Effect.sync(() => copyOf(root)),
      (archive) => {
        archive.on("data", (chunk: Buffer) => bytes += chunk.length).pause()
        return asking(making, copyMs, "took no copy", () => engine.putArchive(id, inside, archive))
      },
      (archive) => Effect.sync(() => archive.destroy())
    ))
  return { name, place, bytes }
})

/** The copy of a directory as an archive, given to `use`. */
export const copyOut = <A>(
  making: Making,
  root: Root,
  volume: Volume,
  use: (archive: Readable) => Promise<A>
): Effect.Effect<A, SandboxFailed> =>
  withHolder(
    making,
    volume,
    (id) =>
      asking(making, copyMs, "gave no copy", async () =>
        use(await making.found.engine.getArchive(id, `${inside}/${basename(root.path)}`)))
  )
