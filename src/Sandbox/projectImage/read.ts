import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs"
import { dirname, join } from "node:path"

const maxBytes = 64 * 1024

const isDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true

const read = (descriptor: number): string | undefined => {
  const stats = fstatSync(descriptor)
  if (!stats.isFile() || stats.size > maxBytes) return undefined
  const buffer = Buffer.alloc(maxBytes)
  return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, maxBytes, 0))
}

/** The text of a small regular file of the project's; undefined where it is anything else, a link above all. */
export const readProjectFile = (project: string, path: string): string | undefined => {
  try {
    const file = join(project, path)
    if (!isDirectory(dirname(file))) return undefined
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    try {
      return read(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}
