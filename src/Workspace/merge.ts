import { createHash } from "node:crypto"
import { closeSync, readlinkSync } from "node:fs"
import type { SessionId } from "../domain/SessionId.ts"
import { WorkspaceFailed } from "../Workspace.ts"
import { settle } from "./apply.ts"
import * as Beneath from "./beneath.ts"
import type { Blobs } from "./Blobs.ts"
import { chunksOf, openRegular, writeAll } from "./files.ts"
import { inspect, type Inspection } from "./inspect.ts"
import * as Journal from "./Journal.ts"
import type { Difference } from "./Manifest.ts"
import type { MergePlan, Side } from "./MergePlan.ts"
import { byPath, nameOf, parentOf, refusePath } from "./names.ts"

/** A session's accepted state against its base, and where the project, the journal and the contents are. */
export interface MergeOptions {
  readonly state: string
  readonly project: string
  readonly session: SessionId
  readonly wanted: ReadonlyArray<Difference>
  readonly blobs: Blobs
  readonly refuse: (path: string) => string | undefined
}

class Changed extends Error {
  readonly path: string
  constructor(path: string) {
    super(path)
    this.path = path
  }
}

const opened = (host: string, path: string): number => {
  try {
    const fd = openRegular(host)
    if (fd !== undefined) return fd
  } catch (cause) {
    if (!["ENOENT", "ELOOP", "ENXIO"].includes(String((cause as NodeJS.ErrnoException).code))) throw cause
  }
  throw new Changed(path)
}

const copyBefore = (beneath: Beneath.Beneath, path: string, side: Side, to: number): void => {
  const prefix = beneath.enter(parentOf(path))
  if (prefix === undefined) throw new Changed(path)
  const host = `${prefix}/${nameOf(path)}`
  const digest = createHash("sha256")
  if (side.kind === "symlink") {
    const target = Buffer.from(readlinkSync(host))
    digest.update(target)
    writeAll(to, target)
  } else {
    const fd = opened(host, path)
    try {
      for (const chunk of chunksOf(fd)) {
        digest.update(chunk)
        writeAll(to, chunk)
      }
    } finally {
      closeSync(fd)
    }
  }
  if (digest.digest("hex") !== side.sha256) throw new Changed(path)
}

// The bytes of both sides, one after the other.
const place = (beneath: Beneath.Beneath, blobs: Blobs, plan: MergePlan) => (fd: number): MergePlan => {
  let at = 0
  const put = (side: Side | null, write: (side: Side) => void): Side | null => {
    if (side === null) return null
    write(side)
    const placed = { ...side, at }
    at += side.size
    return placed
  }
  const operations = plan.operations.map((operation) => ({
    path: operation.path,
    before: put(operation.before, (side) => copyBefore(beneath, operation.path, side, fd)),
    after: put(operation.after, (side) => {
      for (const chunk of blobs.chunks(side.sha256)) writeAll(fd, chunk)
    })
  }))
  return { ...plan, operations }
}

const planOf = (options: MergeOptions, { emptied, made, operations }: Inspection): MergePlan => ({
  version: 1,
  project: options.project,
  session: options.session,
  operations: operations.toSorted((a, b) => byPath(a.path, b.path)),
  made,
  emptied
})

/**
 * Writes the wanted state into the project, all of it or nothing; returns the paths that changed there meanwhile, none when it
 * was done. The caller holds the lock.
 */
export const merge = (options: MergeOptions): ReadonlyArray<string> => {
  for (const { path } of options.wanted) {
    const why = refusePath(path) ?? options.refuse(path)
    if (why !== undefined) throw new WorkspaceFailed({ method: "merge", reason: "write", detail: `${path}: ${why}` })
  }
  return Beneath.within(options.project, (beneath) => {
    const inspection = inspect(beneath, options.wanted)
    if (inspection.conflicts.length > 0) return inspection.conflicts
    if (inspection.operations.length === 0) return []
    const plan = planOf(options, inspection)
    let journal: Journal.Journal
    try {
      journal = Journal.write(options.state, plan, place(beneath, options.blobs, plan))
    } catch (cause) {
      Journal.discard(options.state, options.session)
      if (cause instanceof Changed) return [cause.path]
      throw cause
    }
    const settled = settle(journal)
    Journal.remove(journal.directory)
    if (settled.outcome === "finished") return []
    if (settled.cause !== undefined) throw settled.cause
    return settled.foreign
  })
}
