import type { ChangeSet, Content } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { type Difference, type ManifestEntry, toChanges } from "./Manifest.ts"
import { byPath, display } from "./names.ts"
import type { Scanned } from "./scan.ts"

/** What else a change set is made of: what a path was, and how much the session may hold. */
export interface ChangeSetOptions {
  readonly isSecret: (path: string) => boolean
  readonly maxFileBytes: number
  readonly was: (
    path: string
  ) => { readonly content: Content; readonly ignored: boolean; readonly masked: boolean } | undefined
  /** Bytes of the session's own files with the found ones, and how many they may be. */
  readonly growth: (found: ReadonlyMap<string, ManifestEntry>) => { readonly bytes: number; readonly most: number }
}

/** A scan as a change set, with the entries found marked as git would ignore them. */
export const toChangeSet = (
  scanned: Scanned,
  ignored: ReadonlySet<string>,
  options: ChangeSetOptions
): { readonly set: ChangeSet; readonly found: ReadonlyMap<string, ManifestEntry> } => {
  const forbidden = new Map(scanned.foreign.map(({ path, why }) => [path, { path, why }]))
  const forbid = (path: string, why: string) => forbidden.set(display(path), { path: display(path), why })
  const found = new Map(
    [...scanned.found].map(([path, entry]) => ignored.has(path) ? [path, { ...entry, ignored: true }] : [path, entry])
  )
  const all: Array<Difference> = []
  const dropped: Array<string> = []
  for (const [path, entry] of found) {
    if (entry.ignored) dropped.push(path)
    else {
      if (options.isSecret(path)) forbid(path, "it is a secret")
      if (scanned.large.has(path)) forbid(path, `it is larger than ${options.maxFileBytes} bytes`)
      all.push({ path, before: options.was(path)?.content ?? null, after: entry.content })
    }
  }
  for (const path of scanned.gone) {
    const was = options.was(path)
    if (was?.ignored === true) dropped.push(path)
    else if (was !== undefined && !was.masked) all.push({ path, before: was.content, after: null })
  }
  const { bytes, most } = found.size > 0 ? options.growth(found) : { bytes: 0, most: 0 }
  if (bytes > most) forbid(".", `the session's files together pass ${most >> 20} MiB`)
  const set: ChangeSet = {
    changes: toChanges(all.toSorted((a, b) => byPath(a.path, b.path))),
    ignored: dropped.toSorted(byPath).map((path) => ProjectPath.make(path)),
    forbidden: [...forbidden.values()].toSorted((a, b) => byPath(a.path, b.path))
  }
  return { set, found }
}
