import { Effect, Either, Option } from "effect"
import { createHash } from "node:crypto"
import { posix } from "node:path"
import { parse, type ProjectPath } from "../../domain/ProjectPath.ts"
import type { Stage, WorkspaceFailed } from "../../Workspace.ts"
import type { Ecosystem, EcosystemName, Inputs, ReadInput, Registry, Wanted } from "./Ecosystem.ts"
import { maxLockfile } from "./limits.ts"
import { npm } from "./npm.ts"
import { pip } from "./pip.ts"

/** Every kind of packages, in the order they are looked for. */
export const ecosystems: ReadonlyArray<Ecosystem> = [npm, pip]

/** A registry of the person's for some kinds of packages; the others come from the well-known one. */
export type Registries = { readonly [Name in EcosystemName]?: Registry | undefined }

/** Reads a plain file of the stage below a directory. A link is never followed: not the last name, and none out of the project. */
const reader = (stage: Stage, directory: ProjectPath) => {
  let broken: WorkspaceFailed | undefined
  const read: ReadInput = (path, maxBytes) => {
    const parsed = parse(posix.join(directory, path))
    if (Either.isLeft(parsed)) return Effect.succeed(`${path} cannot be used: ${parsed.left}`)
    return Effect.gen(function*() {
      const entry = Option.getOrUndefined(yield* stage.stat(parsed.right))
      if (entry === undefined) return undefined
      if (entry.kind !== "file") return `${path} is no plain file`
      if (entry.size > maxBytes) return `${path} is larger than ${maxBytes} bytes`
      const { bytes, size } = yield* stage.read(parsed.right, { maxBytes })
      return size > maxBytes ? `${path} is larger than ${maxBytes} bytes` : bytes
    }).pipe(
      Effect.catchTags({
        PathRefused: ({ message }) => Effect.succeed(message),
        WorkspaceFailed: (error) => {
          broken = error
          return Effect.succeed(error.message)
        }
      })
    )
  }
  return { read, sound: Effect.suspend(() => broken === undefined ? Effect.void : Effect.fail(broken)) }
}

const digestOf = (ecosystem: Ecosystem, { files }: Inputs, { url }: Registry): string => {
  const digest = createHash("sha256").update(JSON.stringify([ecosystem.name, ecosystem.version, url]))
  for (const { bytes, path } of files) digest.update(`\n${JSON.stringify(path)} ${bytes.length}\n`).update(bytes)
  return digest.digest("hex")
}

/** What can be installed in a folder of the stage, of the first of these kinds it has; a text says why nothing can, and what to do. */
export const find = Effect.fnUntraced(function*(
  stage: Stage,
  directory: ProjectPath,
  registries: Registries,
  kinds: ReadonlyArray<Ecosystem> = ecosystems
): Effect.fn.Return<Wanted | string, WorkspaceFailed> {
  const { read, sound } = reader(stage, directory)
  for (const ecosystem of kinds) {
    for (const lockfile of ecosystem.lockfiles) {
      const there = yield* read(lockfile, maxLockfile)
      yield* sound
      if (there === undefined) continue
      const inputs = typeof there === "string" ? there : yield* ecosystem.read(read, lockfile)
      yield* sound
      if (typeof inputs === "string") return inputs
      const registry = registries[ecosystem.name] ?? ecosystem.registry
      return { ecosystem, directory, inputs, digest: digestOf(ecosystem, inputs, registry) }
    }
  }
  return `there is no lockfile in ${directory === "." ? "the project's root" : directory} (looked for ${
    kinds.flatMap(({ lockfiles }) => lockfiles).join(", ")
  }). What is installed is exactly what a lockfile says; a person makes one, or name the folder that has it.`
})
