import { lstatSync } from "node:fs"
import type { ChangeSet, Content } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { WorkspaceFailed } from "../Workspace.ts"
import type { Blobs } from "./Blobs.ts"
import type { Owner } from "./fill.ts"
import type { Home } from "./Home.ts"
import type { Manifest, ManifestEntry } from "./Manifest.ts"
import { ancestors, byPath } from "./names.ts"
import { acceptable, isPending, keepContents, type Pending } from "./pending.ts"
import { makePoints, purge, restore, type RestoreOptions } from "./restore.ts"
import { scan, type Scanned, type ScanOptions } from "./scan.ts"
import { toChangeSet } from "./toChangeSet.ts"

/** A stage on a file system: its accepted state, what it began from, and what the last scan found. */
export interface DiskState {
  readonly home: Home
  readonly owner: Owner
  readonly blobs: Blobs
  readonly manifest: Manifest
  readonly base: Map<string, Content>
  readonly options: ScanOptions
  directories: ReadonlySet<string>
  /** Files that a try-out of the start moved out of the stage, and where they are. */
  readonly aside: Array<{ readonly path: string; readonly at: string }>
  pending: Pending<Scanned> | undefined
}

/** What git would see of a manifest: no secret, no ignored path. */
export const visible = (manifest: Manifest): Map<string, Content> =>
  new Map(
    [...manifest].filter(([, entry]) => !entry.masked && !entry.ignored).map(([path, entry]) => [path, entry.content])
  )

/** The files of a manifest that git ignores. */
export const leavings = (manifest: Manifest): ReadonlyArray<ProjectPath> =>
  [...manifest].flatMap(([path, { content, ignored }]) =>
    ignored && content.kind !== "directory" ? [ProjectPath.make(path)] : []
  ).toSorted(byPath)

// What a session may add to its stage, whatever git thinks of it.
const maxGrowth = { memory: 512 << 20, disk: 4 * 1024 ** 3 } as const

const growthOf = (state: DiskState, found: ReadonlyMap<string, ManifestEntry>): number => {
  let bytes = 0
  for (const [, entry] of found) bytes += entry.content.size
  for (const [path, entry] of state.manifest) if (!state.base.has(path) && !found.has(path)) bytes += entry.content.size
  return bytes
}

/** Looks at the stage; the new paths are then to be asked about by `conclude`. */
export const look = (state: DiskState): Scanned => scan(state.options, state.manifest, state.directories)

/** The paths of a scan that the manifest does not know. */
export const fresh = (state: DiskState, scanned: Scanned): ReadonlyArray<string> =>
  [...scanned.found.keys()].filter((path) => !state.manifest.has(path))

/** Makes a change set of a scan, and remembers it. */
export const conclude = (state: DiskState, scanned: Scanned, ignored: ReadonlySet<string>): ChangeSet => {
  const { found, set } = toChangeSet(scanned, ignored, {
    isSecret: state.options.isSecret,
    maxFileBytes: state.options.maxFileBytes,
    was: (path) => state.manifest.get(path),
    growth: (some) => ({ bytes: growthOf(state, some), most: maxGrowth[state.home.medium] })
  })
  state.pending = { set, scanned, found }
  return set
}

/** Makes the last scan the accepted state, its contents kept where no sandbox reaches. */
export const accept = (state: DiskState, set: ChangeSet): void => {
  const { found, scanned } = acceptable(state.pending, set)
  keepContents(state.blobs, state.home.root, found)
  for (const path of scanned.gone) state.manifest.delete(path)
  for (const [path, entry] of found) state.manifest.set(path, entry)
  state.directories = scanned.directories
  state.pending = undefined
  makePoints(restoring(state))
}

/** What `restore` needs of a state. */
export const restoring = (state: DiskState): RestoreOptions => ({
  root: state.home.root,
  trash: state.home.trash,
  owner: state.owner,
  blobs: state.blobs,
  manifest: state.manifest,
  directories: state.directories,
  points: state.options.points
})

const isClean = ({ foreign, found, gone, whole }: Scanned): boolean =>
  whole && foreign.length === 0 && found.size === 0 && gone.length === 0

/** Takes the stage back to the accepted state and looks whether it is there. */
export const reject = (state: DiskState, set: ChangeSet): void => {
  const known = isPending(state.pending, set) ? state.pending?.scanned : undefined
  state.pending = undefined
  if (known?.whole === true) restore(restoring(state), known)
  if (known?.whole === true && isClean(look(state))) return
  purge(restoring(state))
  restore(restoring(state), look(state))
  if (!isClean(look(state))) {
    throw new WorkspaceFailed({ method: "reject", reason: "write", detail: "the stage could not be restored" })
  }
}

/** Directories on the way to a path, for telling which hold only ignored entries. */
export const directoriesOf = (
  manifest: Manifest
): { readonly kept: ReadonlySet<string>; readonly ignored: ReadonlySet<string> } => {
  const kept = new Set<string>()
  const ignored = new Set<string>()
  for (const [path, entry] of manifest) {
    for (const directory of ancestors(path)) (entry.ignored ? ignored : kept).add(directory)
  }
  return { kept, ignored }
}

/** Whether a mount point is still an empty directory reached through real ones. */
export const hasPoint = (state: DiskState, point: string): boolean =>
  [...ancestors(point), point].every((path) =>
    lstatSync(`${state.home.root}/${path}`, { throwIfNoEntry: false })?.isDirectory() ?? false
  )
