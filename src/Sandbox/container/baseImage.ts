import { Effect } from "effect"
import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SandboxFailed, type SandboxUnavailable } from "../SandboxError.ts"
import { addTo } from "./baseImage/additions.ts"
import { archive } from "./baseImage/archive.ts"
import { machineFiles } from "./baseImage/machine.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { wordsOf } from "./Engine.ts"
import { describe } from "./EngineFacts.ts"
import { find } from "./find.ts"
import { baseImageName } from "./image.ts"
import { baseImageLabel } from "./KernelMark.ts"
import { pruneImages } from "./prune.ts"

/** An image that was made: its name in the engine, the engine, what went in. */
export interface BaseImage {
  readonly image: string
  readonly engine: string
  readonly files: number
  readonly bytes: number
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * Makes Fluffy's base image from programs this machine has, without a registry: shells, git, Node, Python and the usual tools with the
 * libraries they load. `options.image` is the name it gets instead of the default one. An image of that name is replaced, and
 * removed where it was such a one and nothing uses it.
 */
export const buildBaseImage = Effect.fn("Sandbox.buildBaseImage")(
  function*(
    dialect: Dialect,
    options: ContainerOptions
  ): Effect.fn.Return<BaseImage, SandboxFailed | SandboxUnavailable> {
    const { engine, facts } = yield* find(dialect, options)
    const image = options.image ?? baseImageName(facts.name)
    const attempt = <A>(run: () => Promise<A>) =>
      Effect.tryPromise({
        try: run,
        catch: (cause) =>
          new SandboxFailed({
            backend: dialect.backend,
            method: "build the base image",
            reason: "setup",
            detail: wordsOf(cause),
            cause
          })
      })
    return yield* Effect.acquireUseRelease(
      attempt(() => mkdtemp(join(tmpdir(), "fluffy-image-"))),
      (root) =>
        attempt(async () => {
          await addTo(
            root,
            { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
            await realpath(process.execPath)
          )
          const paths = await machineFiles()
          const tar = archive(paths, root)
          let bytes = 0
          tar.on("data", (chunk: Uint8Array) => bytes += chunk.length)
          tar.pause()
          try {
            await engine.importImage(tar, image, [`ENV PATH=${path}`, `LABEL ${baseImageLabel}`])
          } finally {
            tar.destroy()
          }
          return { image, engine: describe(facts), files: paths.length, bytes }
        }),
      (root) => Effect.promise(() => rm(root, { recursive: true, force: true }))
    ).pipe(Effect.tap(() => Effect.ignore(pruneImages(engine))))
  }
)
