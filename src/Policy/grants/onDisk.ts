import { Effect, Either, Schema } from "effect"
import { constants, lstatSync, mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { replaceFile } from "../../internal/replaceFile.ts"
import { isoNow } from "../../internal/time.ts"
import { PolicyLoadFailed } from "../PolicyError.ts"
import { newId } from "./inMemory.ts"
import { maxGrants, SavedGrant, type SavedGrants } from "./SavedGrant.ts"

/** Where the grants of one project lie, a folder of the person's own, and the project's real path. */
export interface GrantPlace {
  readonly directory: string
  readonly project: string
}

/** One file, one grant. It counts only for the folder it was given for: `root` is that folder's inode and time of birth. */
const GrantFile = Schema.parseJson(Schema.Struct({
  version: Schema.Literal(1),
  project: Schema.String,
  root: Schema.String,
  ...SavedGrant.fields
}))
const decode = Schema.decodeUnknownEither(GrantFile, { onExcessProperty: "error" })

const maxBytes = 1024 * 1024
const fileName = /^g-[0-9a-f]{12}\.json$/

const failed = (file: string, problem: string) => new PolicyLoadFailed({ file, line: 0, column: 0, problem })
const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "unknown error"

/** What tells a folder from another one that was put in its place later. */
const rootOf = (project: string): string => {
  const { birthtimeMs, ino } = statSync(project)
  return `${ino}:${Math.floor(birthtimeMs)}`
}

/** Why a folder or file cannot be trusted: anyone but its owner could have written it. */
const untrusted = (path: string, is: "isDirectory" | "isFile"): string | undefined => {
  const found = lstatSync(path)
  if (!found[is]()) return "it is not what Fluffy made"
  return found.uid !== process.geteuid?.() || (found.mode & 0o022) !== 0
    ? "it belongs to someone else or can be written by others"
    : undefined
}

const read = async (file: string): Promise<string> => {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    const buffer = Buffer.alloc(maxBytes)
    const { bytesRead } = await handle.read(buffer, 0, maxBytes)
    return buffer.toString("utf8", 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Grants in files of the person's own configuration: one each, so that two kernels never write the same one. */
export const onDisk = ({ directory, project }: GrantPlace): SavedGrants => {
  const readOne = Effect.fnUntraced(function*(name: string): Effect.fn.Return<SavedGrant, PolicyLoadFailed> {
    const file = join(directory, name)
    const text = yield* Effect.tryPromise({
      try: async () => {
        const problem = untrusted(file, "isFile")
        if (problem !== undefined) throw failed(file, problem)
        return await read(file)
      },
      catch: (cause) => cause instanceof PolicyLoadFailed ? cause : failed(file, `it cannot be read (${codeOf(cause)})`)
    })
    const decoded = decode(text)
    if (Either.isLeft(decoded)) return yield* failed(file, "it is not a grant as Fluffy writes it")
    const { project: of, root, version: _, ...grant } = decoded.right
    if (`${grant.id}.json` !== name) return yield* failed(file, "it is named for another grant")
    if (of !== project) return yield* failed(file, "it was given for another project")
    const now = yield* Effect.try({
      try: () => rootOf(project),
      catch: () => failed(project, "it is not there any more")
    })
    if (root !== now) {
      return yield* failed(file, "it was given for a folder that is gone; another one has its name now")
    }
    return grant
  })

  const names = Effect.try({
    try: () => {
      const problem = untrusted(directory, "isDirectory")
      if (problem !== undefined) throw failed(directory, problem)
      return readdirSync(directory).filter((name) => fileName.test(name)).toSorted().slice(0, maxGrants)
    },
    catch: (cause) =>
      cause instanceof PolicyLoadFailed ? cause : failed(directory, `it cannot be read (${codeOf(cause)})`)
  }).pipe(Effect.catchIf(({ problem }) => problem === "it cannot be read (ENOENT)", () => Effect.succeed([])))

  const list = Effect.gen(function*() {
    const found = yield* Effect.either(names)
    if (Either.isLeft(found)) return { grants: [], problems: [found.left] }
    const [problems, grants] = yield* Effect.partition(found.right, readOne)
    return { grants, problems }
  })

  const write = async (grant: SavedGrant) => {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const problem = untrusted(directory, "isDirectory")
    if (problem !== undefined) throw failed(directory, problem)
    if (readdirSync(directory).length >= maxGrants) throw failed(directory, `it holds ${maxGrants} grants; revoke some`)
    const whole = { version: 1, project, root: rootOf(project), ...grant }
    await replaceFile(join(directory, `${grant.id}.json`), `${JSON.stringify(whole, undefined, 2)}\n`, 0o600)
  }

  return {
    list,
    save: (asked) =>
      Effect.flatMap(isoNow, (at) => {
        const grant = { id: newId(), at, ...asked }
        return Effect.as(
          Effect.tryPromise({
            try: () => write(grant),
            catch: (cause) =>
              cause instanceof PolicyLoadFailed ? cause : failed(directory, `it cannot be written (${codeOf(cause)})`)
          }),
          grant
        )
      }),
    revoke: (id) =>
      Effect.try({
        try: () => {
          if (!fileName.test(`${id}.json`)) return false
          try {
            unlinkSync(join(directory, `${id}.json`))
            return true
          } catch (cause) {
            if (codeOf(cause) === "ENOENT") return false
            throw cause
          }
        },
        catch: (cause) => failed(directory, `the grant cannot be removed (${codeOf(cause)})`)
      })
  }
}
