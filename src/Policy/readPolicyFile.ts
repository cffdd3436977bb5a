import { Effect } from "effect"
import { constants } from "node:fs"
import { type FileHandle, lstat, open, readdir, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { shellWord } from "../internal/shellWord.ts"
import { isRuleFile } from "./look.ts"
import { maxFileBytes } from "./parseRules.ts"
import { PolicyLoadFailed } from "./PolicyError.ts"
import type { RuleLayer } from "./Rule.ts"

/** A file of rules and the layer it speaks for. */
export interface PolicyFile {
  readonly layer: RuleLayer
  readonly file: string
}

/** A file's text, the user id of its owner, and when it was written (ms since the epoch). */
export interface PolicyText {
  readonly text: string
  readonly uid: number
  readonly modifiedMs: number
}

const maxFiles = 1000
const maxExtensions = 32
const maxEntries = 10_000
const maxFolderBytes = 4 * maxFileBytes

const failed = (file: string, problem: string) => new PolicyLoadFailed({ file, line: 0, column: 0, problem })

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "unknown error"

const readAll = async (handle: FileHandle) => {
  const found = await handle.stat()
  if (!found.isFile()) return "it is not a regular file"
  const buffer = Buffer.alloc(maxFileBytes + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (length > maxFileBytes) return "it is larger than 1 MiB"
    if (bytesRead === 0) return { bytes: buffer.subarray(0, length), uid: found.uid, modifiedMs: found.mtimeMs }
  }
}

/** Reads one file whole as UTF-8. Never waits on a FIFO, and follows no link in a project, which could point anywhere. */
export const readPolicyText = Effect.fnUntraced(function*(
  { file, layer }: PolicyFile
): Effect.fn.Return<PolicyText, PolicyLoadFailed> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (layer === "project" ? constants.O_NOFOLLOW : 0)
  const read = yield* Effect.acquireUseRelease(
    Effect.tryPromise({
      try: () => open(file, flags),
      catch: (cause) =>
        failed(file, codeOf(cause) === "ELOOP" ? "it is a symbolic link" : `it cannot be read (${codeOf(cause)})`)
    }),
    (handle) =>
      Effect.tryPromise({
        try: () => readAll(handle),
        catch: (cause) => failed(file, `it cannot be read (${codeOf(cause)})`)
      }),
    (handle) => Effect.promise(() => handle.close())
  )
  if (typeof read === "string") return yield* failed(file, read)
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(read.bytes),
    catch: () => failed(file, "it is not UTF-8 text")
  })
  return { text, uid: read.uid, modifiedMs: Math.round(read.modifiedMs) }
})

/** The text alone. */
export const readPolicyFile = (file: PolicyFile): Effect.Effect<string, PolicyLoadFailed> =>
  Effect.map(readPolicyText(file), ({ text }) => text)

const byAll = 0o002
const sticky = 0o1000

/** The first of the user's rules, or of the folders they lie in, that anyone on this machine could write or put another in the place of. */
const openToAll = async (directory: string, names: ReadonlyArray<string>): Promise<string | undefined> => {
  const parent = dirname(directory)
  for (const path of [parent, directory, ...names.map((name) => join(directory, name))]) {
    // What cannot be looked at, or is neither, cannot be read either, which is told with its own reason.
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() !== true && found?.isDirectory() !== true) continue
    // In a sticky folder nobody can replace what belongs to another, but everyone can add.
    if ((found.mode & byAll) !== 0 && (path !== parent || (found.mode & sticky) === 0)) return path
  }
  return undefined
}

// What is not there any more is told of when it is read.
const sizeOf = (path: string) => lstat(path).then(({ size }) => size, () => 0)

const isLink = async (path: string) => (await lstat(path)).isSymbolicLink()

/** Whether a file of rules is a program: JavaScript or TypeScript. */
export const isExtension = (file: string): boolean => /\.[jt]s$/.test(file)

/** The rule files of a folder, by name, declarations of types not among them; hidden ones are left out. A folder that does not exist is empty. */
export const listPolicyFiles = Effect.fnUntraced(function*(layer: RuleLayer, directory: string) {
  const found = yield* Effect.tryPromise({
    try: async () => {
      if (layer === "project" && (await isLink(dirname(directory)) || await isLink(directory))) {
        return "it is a symbolic link, or lies in one"
      }
      return await readdir(directory)
    },
    catch: codeOf
  }).pipe(
    Effect.catchAll((code) =>
      code === "ENOENT" ? Effect.succeed([]) : Effect.fail(failed(directory, `the folder cannot be read (${code})`))
    )
  )
  if (typeof found === "string") return yield* failed(directory, found)
  if (found.length > maxEntries) return yield* failed(directory, `it holds more than ${maxEntries} files`)
  const names = found.filter(isRuleFile).toSorted()
  if (names.some((name) => /[\x00-\x1f\x7f]/.test(name))) {
    return yield* failed(directory, "a file in it has a control character in its name")
  }
  if (names.length > maxFiles) return yield* failed(directory, `it holds more than ${maxFiles} files of rules`)
  if (names.filter(isExtension).length > maxExtensions) {
    return yield* failed(directory, `it holds more than ${maxExtensions} extensions (.js, .ts)`)
  }
  const sizes = yield* Effect.promise(() => Promise.all(names.map((name) => sizeOf(join(directory, name)))))
  // One that is too large by itself is refused by name when it is read.
  if (sizes.reduce((sum, size) => sum + Math.min(size, maxFileBytes), 0) > maxFolderBytes) {
    return yield* failed(directory, "it holds more than 4 MiB of rules")
  }
  const open = layer === "user" && names.length > 0
    ? yield* Effect.promise(() => openToAll(directory, names))
    : undefined
  if (open !== undefined) return yield* failed(open, `everyone may write it; type: chmod o-w ${shellWord(open)}`)
  return names.map((name): PolicyFile => ({ layer, file: join(directory, name) }))
})
