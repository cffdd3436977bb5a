import { Effect } from "effect"
import { constants } from "node:fs"
import { type FileHandle, lstat, open, readdir } from "node:fs/promises"
import { join } from "node:path"
import { maxFileBytes } from "./parseRules.ts"
import { PolicyLoadFailed } from "./PolicyError.ts"
import type { RuleLayer } from "./Rule.ts"

/** A file of rules and the layer it speaks for. */
export interface PolicyFile {
  readonly layer: RuleLayer
  readonly file: string
}

const maxFiles = 1000
const maxExtensions = 32

const failed = (file: string, problem: string) => new PolicyLoadFailed({ file, line: 0, column: 0, problem })

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "unknown error"

const readAll = async (handle: FileHandle): Promise<Uint8Array | string> => {
  if (!(await handle.stat()).isFile()) return "it is not a regular file"
  const buffer = Buffer.alloc(maxFileBytes + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (length > maxFileBytes) return "it is larger than 1 MiB"
    if (bytesRead === 0) return buffer.subarray(0, length)
  }
}

/** Reads one file whole as UTF-8. Never waits on a FIFO, and follows no link in a project, which could point anywhere. */
export const readPolicyFile = Effect.fnUntraced(function*({ file, layer }: PolicyFile) {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (layer === "project" ? constants.O_NOFOLLOW : 0)
  const bytes = yield* Effect.acquireUseRelease(
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
  if (typeof bytes === "string") return yield* failed(file, bytes)
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => failed(file, "it is not UTF-8 text")
  })
})

/** Whether a file of rules is a program: JavaScript or TypeScript. */
export const isExtension = (file: string): boolean => /\.[jt]s$/.test(file)

/** The rule files of a folder, by name, declarations of types not among them; hidden ones are left out. A folder that does not exist is empty. */
export const listPolicyFiles = Effect.fnUntraced(function*(layer: RuleLayer, directory: string) {
  const found = yield* Effect.tryPromise({
    try: async () => {
      if (layer === "project" && (await lstat(directory)).isSymbolicLink()) return "it is a symbolic link"
      return await readdir(directory)
    },
    catch: codeOf
  }).pipe(
    Effect.catchAll((code) =>
      code === "ENOENT" ? Effect.succeed([]) : Effect.fail(failed(directory, `the folder cannot be read (${code})`))
    )
  )
  if (typeof found === "string") return yield* failed(directory, found)
  const names = found.filter((name) => /^[^.].*\.(?:ya?ml|js|(?<!\.d\.)ts)$/s.test(name)).toSorted()
  if (names.some((name) => /[\x00-\x1f\x7f]/.test(name))) {
    return yield* failed(directory, "a file in it has a control character in its name")
  }
  if (names.length > maxFiles) return yield* failed(directory, `it holds more than ${maxFiles} files of rules`)
  if (names.filter(isExtension).length > maxExtensions) {
    return yield* failed(directory, `it holds more than ${maxExtensions} extensions (.js, .ts)`)
  }
  return names.map((name): PolicyFile => ({ layer, file: join(directory, name) }))
})
