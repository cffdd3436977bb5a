import { Effect } from "effect"
import { lstatSync, mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { replaceFile } from "../internal/replaceFile.ts"
import type { PolicyFile } from "../Policy/Yaml.ts"
import { CliFailed } from "./CliFailed.ts"

const problemOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "unknown error"

const insist = (path: string, is: "isDirectory" | "isFile") => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found[is]()) {
    throw new CliFailed({
      exitCode: 2,
      problem: `Cannot write to ${path}: it is ${
        found.isSymbolicLink() ? "a symbolic link" : is === "isFile" ? "not a regular file" : "not a directory"
      }. Look at what it is, then remove it`
    })
  }
}

const write = async ({ file, layer }: PolicyFile, text: string) => {
  const directory = dirname(file)
  // A project's links could lead anywhere.
  if (layer === "project") { for (const path of [dirname(directory), directory]) insist(path, "isDirectory") }
  insist(file, "isFile")
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  await replaceFile(file, text, 0o644)
}

/** Writes a file of rules so that it is the old one or the new one, whole, whatever happens meanwhile. */
export const writePolicy = (target: PolicyFile, text: string): Effect.Effect<void, CliFailed> =>
  Effect.uninterruptible(Effect.tryPromise({
    try: () => write(target, text),
    catch: (cause) =>
      cause instanceof CliFailed ? cause : new CliFailed({
        exitCode: 1,
        problem: `Cannot write ${target.file} (${
          problemOf(cause)
        }); what was in force still is. Make its folder writable`
      })
  }))
