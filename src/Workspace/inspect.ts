import { readdirSync, type Stats } from "node:fs"
import type { Content } from "../domain/Change.ts"
import type { Beneath } from "./beneath.ts"
import { type Difference, sameContent } from "./Manifest.ts"
import type { Directory, Operation, Side } from "./MergePlan.ts"
import { ancestors, byPath, parentOf } from "./names.ts"
import { contentOf, current, type Kept, nearest, statOf, vanishing } from "./ProjectTree.ts"

/** The operations that take a project from the base to the wanted state, their contents not yet placed, or the paths that changed meanwhile. */
export interface Inspection {
  readonly conflicts: ReadonlyArray<string>
  readonly operations: ReadonlyArray<Operation>
  readonly made: ReadonlyArray<Directory>
  readonly emptied: ReadonlyArray<Directory>
}

const executableMode = (mode: number, executable: boolean): number =>
  executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111

type Keeping = Pick<Kept, "gid" | "mode" | "uid">

const sideOf = (content: Content | null, { gid, mode, uid }: Keeping): Side | null =>
  content === null || content.kind === "directory"
    ? null
    : { ...content, kind: content.kind, mode: mode & 0o777, uid, gid, at: 0 }

// A new file is as readable as its directory and belongs to the same user; a changed one stays as it was kept.
const keeping = (kept: Kept | null, parent: Stats | undefined): Keeping => ({
  mode: kept?.content.kind === "file" ? kept.mode : ((parent?.mode ?? 0o700) & 0o666) | 0o600,
  uid: kept?.uid ?? parent?.uid ?? 0,
  gid: kept?.gid ?? parent?.gid ?? 0
})

const operationOf = (one: Difference, kept: Kept | null, parent: Stats | undefined): Operation => {
  const next = keeping(kept, parent)
  const mode = executableMode(next.mode, one.after?.executable ?? false)
  return {
    path: one.path,
    before: kept === null ? null : sideOf(kept.content, kept),
    after: sideOf(one.after, { ...next, mode })
  }
}

const directoryOf = (path: string, stat: Stats): Directory => ({
  path,
  mode: stat.mode & 0o777,
  uid: stat.uid,
  gid: stat.gid
})

const sorted = (paths: Iterable<string>) => [...paths].toSorted(byPath)

// Directories git would drop: those in which nothing is left, and those a file takes the place of.
const findEmptied = (
  beneath: Beneath,
  removed: ReadonlySet<string>,
  needed: ReadonlySet<string>,
  replaced: ReadonlyArray<string>
): ReadonlyArray<Directory> => {
  const gone = new Set(replaced)
  for (const path of sorted(new Set([...removed].flatMap(ancestors))).toReversed()) {
    const prefix = needed.has(path) ? undefined : beneath.enter(path)
    if (prefix === undefined) continue
    if (readdirSync(prefix).every((name) => removed.has(`${path}/${name}`) || gone.has(`${path}/${name}`))) {
      gone.add(path)
    }
  }
  return sorted(gone).flatMap((path) => {
    const stat = statOf(beneath, path)
    return stat === undefined ? [] : [directoryOf(path, stat)]
  })
}

const findMade = (beneath: Beneath, needed: ReadonlySet<string>): ReadonlyArray<Directory> =>
  sorted(needed).flatMap((path) => {
    const above = statOf(beneath, path) === undefined ? nearest(beneath, path) : undefined
    return above === undefined ? [] : [directoryOf(path, above)]
  })

/** Compares the project with what the session began from, looking through real directories only; writes nothing. */
export const inspect = (beneath: Beneath, wanted: ReadonlyArray<Difference>): Inspection => {
  const removed = new Set(wanted.filter((one) => one.after === null).map((one) => one.path))
  const needed = new Set(wanted.filter((one) => one.after !== null).flatMap((one) => ancestors(one.path)))
  const conflicts: Array<string> = []
  const operations: Array<Operation> = []
  const replaced: Array<string> = []
  for (const one of wanted) {
    const now = current(beneath, one.path, removed)
    const gone = now === "directory" && one.before === null ? vanishing(beneath, one.path, removed) : undefined
    replaced.push(...gone ?? [])
    const content = gone === undefined ? contentOf(now) : null
    if (content !== undefined && sameContent(content, one.after)) continue
    if (content === undefined || !sameContent(content, one.before)) conflicts.push(one.path)
    else {
      const kept = typeof now === "object" ? now : null
      operations.push(operationOf(one, kept, nearest(beneath, parentOf(one.path))))
    }
  }
  return {
    conflicts,
    operations,
    made: findMade(beneath, needed),
    emptied: findEmptied(beneath, removed, needed, replaced)
  }
}
