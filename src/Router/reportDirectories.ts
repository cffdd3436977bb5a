import { Effect, type Scope } from "effect"
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  unlinkSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { acquireRelease } from "../internal/finalizer.ts"
import { isDead, self } from "../internal/owner.ts"

const linux = process.platform === "linux"

const prefix = "fluffy-report-"

// O_PATH of open(2), which Node does not name: an unreadable directory can be opened too.
const directoryOnly = 0o10000000 | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Empties a directory. A sandbox of a killed kernel may still write there, so every step goes through an open directory: no link that is
 * put in the place of one is followed.
 */
const empty = (directory: string | Buffer): void => {
  const fd = openSync(directory, directoryOnly)
  const here = `/proc/self/fd/${fd}`
  try {
    chmodSync(here, 0o700)
    for (const name of readdirSync(here, { encoding: "buffer" })) {
      const path = Buffer.concat([Buffer.from(`${here}/`), name])
      if (!lstatSync(path).isDirectory()) unlinkSync(path)
      else {
        empty(path)
        rmdirSync(path)
      }
    }
  } finally {
    closeSync(fd)
  }
}

const isRemoved = (home: string): boolean => {
  try {
    if (linux) empty(home)
    rmSync(home, { recursive: true })
    return true
  } catch {
    // Another kernel may be at it too, and what cannot be removed now can be later.
    return false
  }
}

/** An empty directory that this user may write, below one of the kernel's own; removed with the scope. */
export const reportDirectoryFor = (
  user: { readonly uid: number; readonly gid: number }
): Effect.Effect<string, never, Scope.Scope> =>
  acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), `${prefix}${self}.`))),
    (home) => Effect.sync(() => isRemoved(home))
  ).pipe(Effect.map((home) => {
    const directory = join(home, "report")
    mkdirSync(directory, { mode: 0o700 })
    if (process.getuid?.() === 0) {
      chmodSync(home, 0o711)
      chownSync(directory, user.uid, user.gid)
    }
    return directory
  }))

const isOwn = (home: string): boolean => {
  const stat = lstatSync(home, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.()
}

const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Removes the report directories of kernels that were killed; how many there were. */
export const sweepReports: Effect.Effect<number> = Effect.sync(() =>
  namesIn(tmpdir()).filter((name) =>
    name.startsWith(prefix) && isDead(name.slice(prefix.length, name.lastIndexOf("."))) &&
    isOwn(join(tmpdir(), name)) && isRemoved(join(tmpdir(), name))
  ).length
)
