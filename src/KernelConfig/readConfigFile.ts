import { Effect, Either, ParseResult, Schema } from "effect"
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import { shellWord } from "../internal/shellWord.ts"
import { ConfigFile, fileKeys } from "./ConfigFile.ts"
import { ConfigInvalid, invalid } from "./ConfigInvalid.ts"
import type { Given } from "./Settings.ts"

/** A file's settings and where each of its keys stands, from line 1. */
export interface Read {
  readonly given: Given
  readonly lineOf: (key: string) => number
}

const maxBytes = 256 * 1024

/** Who may have written a file: a `user`'s own may be a link, a `project`'s may not, and others may not write the user's. */
export type Origin = "user" | "project"

const readAll = (descriptor: number, file: string, origin: Origin): string => {
  const stats = fstatSync(descriptor)
  if (!stats.isFile()) throw invalid(file, "it is not a regular file")
  if (origin === "user" && (stats.mode & 0o002) !== 0) {
    throw invalid(file, `everyone may write it; type: chmod o-w ${shellWord(file)}`)
  }
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  for (let read = -1; read !== 0 && length < buffer.length; length += read) {
    read = readSync(descriptor, buffer, length, buffer.length - length, null)
  }
  if (length > maxBytes) throw invalid(file, "it is larger than 256 KiB")
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length))
  } catch {
    throw invalid(file, "it is not UTF-8 text")
  }
}

const refused = (file: string, cause: unknown): ConfigInvalid => {
  if (cause instanceof ConfigInvalid) return cause
  const { code } = cause as NodeJS.ErrnoException
  return invalid(file, code === "ELOOP" ? "it is a symbolic link" : `it cannot be read (${code})`)
}

const open = (file: string, origin: Origin): number | undefined => {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (origin === "project" ? constants.O_NOFOLLOW : 0)
  try {
    return openSync(file, flags)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw cause
  }
}

/** Reads a file without waiting on a FIFO; undefined where there is none. */
const readText = (file: string, origin: Origin): Effect.Effect<string | undefined, ConfigInvalid> =>
  Effect.try({
    try: () => {
      const descriptor = open(file, origin)
      if (descriptor === undefined) return undefined
      try {
        return readAll(descriptor, file, origin)
      } finally {
        closeSync(descriptor)
      }
    },
    catch: (cause) => refused(file, cause)
  })

const decode = Schema.decodeUnknownEither(ConfigFile, { onExcessProperty: "error", errors: "first" })

const deepest = (error: ParseResult.ParseError): ParseResult.ArrayFormatterIssue =>
  ParseResult.ArrayFormatter.formatErrorSync(error).reduce((best, next) =>
    next.path.length > best.path.length ? next : best
  )

const wording = ({ _tag, message, path }: ParseResult.ArrayFormatterIssue): string => {
  const where = path.map(String).join(".").slice(0, 120)
  if (_tag === "Unexpected") {
    const known = path.length === 1 ? `; known are ${Object.values(fileKeys).join(", ")}` : ""
    return `unknown key ${JSON.stringify(where)}${known}`
  }
  return _tag === "Missing" ? `${where} is missing` : `${where === "" ? "" : `${where}: `}${message.slice(0, 300)}`
}

/** Reads a `config.yaml` strictly: an unknown key, a wrong value or anything else unexpected refuses it, with its line. */
export const readConfigFile = Effect.fn("KernelConfig.readConfigFile")(function*(
  file: string,
  origin: Origin
): Effect.fn.Return<Read | undefined, ConfigInvalid> {
  const text = yield* readText(file, origin)
  if (text === undefined) return undefined
  const { parseYaml } = yield* Effect.promise(() => import("../internal/Yaml.ts"))
  const located = yield* Either.mapLeft(
    parseYaml(text, "a configuration"),
    (problem) => new ConfigInvalid({ source: file, ...problem })
  )
  // An empty file, or one that is all comments, sets nothing.
  const value = located.value ?? {}
  const given = yield* Either.mapLeft(decode(value), (error) => {
    const issue = deepest(error)
    const path = issue._tag === "Missing" ? issue.path.slice(0, -1) : issue.path
    const place = located.locate(path, issue._tag === "Unexpected" ? "key" : "value")
    return new ConfigInvalid({ source: file, ...place, problem: wording(issue) })
  })
  return { given, lineOf: (key) => located.locate([key], "key").line }
})
