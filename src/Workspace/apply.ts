import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync
} from "node:fs"
import * as Beneath from "./beneath.ts"
import { chunksOf, writeAll } from "./files.ts"
import { contentFile, type Journal } from "./Journal.ts"
import { sameContent } from "./Manifest.ts"
import type { Directory, Operation, Side } from "./MergePlan.ts"
import { nameOf, parentOf } from "./names.ts"
import { contentOf, currentAt } from "./ProjectTree.ts"

type Direction = "after" | "before"

const code = (cause: unknown): string => String((cause as NodeJS.ErrnoException).code)

const tolerate = (codes: ReadonlyArray<string>, work: () => void) => {
  try {
    work()
  } catch (cause) {
    if (!codes.includes(code(cause))) throw cause
  }
}

const isRoot = process.geteuid?.() === 0

const temporaryOf = (journal: Journal, index: number): string => `.fluffy-merge-${journal.plan.session}-${index}`

const writeSide = (content: number, side: Side, temporary: string) => {
  if (side.kind === "symlink") {
    symlinkSync(Buffer.concat([...chunksOf(content, side.at, side.size)].map((chunk) => Buffer.from(chunk))), temporary)
    if (isRoot) lchownSync(temporary, side.uid, side.gid)
    return
  }
  const fd = openSync(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600
  )
  try {
    for (const chunk of chunksOf(content, side.at, side.size)) writeAll(fd, chunk)
    if (isRoot) fchownSync(fd, side.uid, side.gid)
    fchmodSync(fd, side.mode)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const syncDirectory = (prefix: string) => {
  const fd = openSync(`${prefix}/.`, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const makeDirectory = (beneath: Beneath.Beneath, directory: Directory) => {
  const prefix = beneath.enter(parentOf(directory.path))
  if (prefix === undefined) return
  tolerate(["EEXIST"], () => {
    mkdirSync(`${prefix}/${nameOf(directory.path)}`, { mode: 0o700 })
    const fd = openSync(
      `${prefix}/${nameOf(directory.path)}`,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
    )
    if (isRoot) fchownSync(fd, directory.uid, directory.gid)
    fchmodSync(fd, directory.mode)
    closeSync(fd)
  })
}

/**
 * Takes every path to one side of the plan. A path that is at neither side was changed by someone else: it is left alone and
 * named. Can be repeated from any point at which it was cut.
 */
const bring = (journal: Journal, to: Direction): ReadonlyArray<string> => {
  const { emptied, made, operations } = journal.plan
  const from: Direction = to === "after" ? "before" : "after"
  const foreign: Array<string> = []
  const touched = new Set<string>()
  const content = openSync(contentFile(journal), constants.O_RDONLY | constants.O_NOFOLLOW)

  // Whether there is something to do at a path.
  const isDue = (host: string, operation: Operation): boolean => {
    const now = currentAt(host)
    const held = now === "directory" && operation[to] === null ? null : contentOf(now)
    if (held !== undefined && sameContent(held, operation[to])) return false
    if (held !== undefined && sameContent(held, operation[from])) return true
    foreign.push(operation.path)
    return false
  }

  const work = (beneath: Beneath.Beneath) => {
    operations.forEach((operation, index) => {
      const prefix = beneath.enter(parentOf(operation.path))
      if (prefix !== undefined) tolerate(["ENOENT"], () => unlinkSync(`${prefix}/${temporaryOf(journal, index)}`))
    })
    for (const operation of operations.toReversed()) {
      const prefix = operation[to] === null ? beneath.enter(parentOf(operation.path)) : undefined
      if (prefix === undefined || !isDue(`${prefix}/${nameOf(operation.path)}`, operation)) continue
      unlinkSync(`${prefix}/${nameOf(operation.path)}`)
      touched.add(parentOf(operation.path))
    }
    for (const directory of (to === "after" ? emptied : made).toReversed()) {
      const prefix = beneath.enter(parentOf(directory.path))
      if (prefix === undefined) continue
      tolerate(["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"], () => rmdirSync(`${prefix}/${nameOf(directory.path)}`))
      touched.add(parentOf(directory.path))
    }
    for (const directory of to === "after" ? made : emptied) makeDirectory(beneath, directory)
    operations.forEach((operation, index) => {
      const side = operation[to]
      if (side === null) return
      const prefix = beneath.enter(parentOf(operation.path))
      if (prefix === undefined) return void foreign.push(operation.path)
      const host = `${prefix}/${nameOf(operation.path)}`
      if (!isDue(host, operation)) return
      const temporary = `${prefix}/${temporaryOf(journal, index)}`
      writeSide(content, side, temporary)
      renameSync(temporary, host)
      touched.add(parentOf(operation.path))
    })
    for (const directory of touched) {
      const prefix = beneath.enter(directory)
      if (prefix !== undefined) syncDirectory(prefix)
    }
  }

  try {
    Beneath.within(journal.plan.project, work)
  } finally {
    closeSync(content)
  }
  return foreign
}

/** How a merge ended: in full, or not at all, because of paths that changed or of an error. */
export type Settled =
  | { readonly outcome: "finished" }
  | { readonly outcome: "undone"; readonly foreign: ReadonlyArray<string>; readonly cause?: unknown }

/** Finishes a journaled merge; when a path changed since it was planned, or the disk refuses, undoes it. Throws when that fails, too: the journal then has to stay. */
export const settle = (journal: Journal): Settled => {
  try {
    const foreign = bring(journal, "after")
    if (foreign.length === 0) return { outcome: "finished" }
    bring(journal, "before")
    return { outcome: "undone", foreign }
  } catch (cause) {
    bring(journal, "before")
    return { outcome: "undone", foreign: [], cause }
  }
}
