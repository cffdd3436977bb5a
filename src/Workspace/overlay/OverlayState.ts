import type { ChangeSet, Content } from "../../domain/Change.ts"
import type { Blobs } from "../Blobs.ts"
import { removeTree } from "../files.ts"
import type { Owner } from "../fill.ts"
import { type Difference, type Manifest, type ManifestEntry, sameContent } from "../Manifest.ts"
import { byPath } from "../names.ts"
import { acceptable, keepContents, type Pending } from "../pending.ts"
import { toChangeSet } from "../toChangeSet.ts"
import { absorb } from "./absorb.ts"
import { Layer, makeOwned, type Whiteouts } from "./Layer.ts"
import type { Lower } from "./Lower.ts"
import type { Mask } from "./Mask.ts"
import type { Names } from "./Names.ts"
import { type ScannedUpper, scanUpper } from "./scanUpper.ts"
import type { View } from "./View.ts"

/** Where the next commands write: `upper` and, for each mount anew, a directory of `works`, all in `directory`. */
interface Sheet {
  readonly directory: string
  readonly upper: string
  works: number
}

/** A stage as an overlay: what it lies over, what was accepted (a layer of its own), and where the next command writes. */
export interface OverlayState {
  readonly directory: string
  readonly trash: string
  readonly owner: Owner
  readonly whiteouts: Whiteouts
  readonly blobs: Blobs
  readonly names: Names
  readonly mask: Mask
  readonly session: Layer
  readonly lower: Lower
  readonly view: View
  readonly points: ReadonlySet<string>
  readonly isSecret: (path: string) => boolean
  readonly isOpaque: (host: string) => boolean
  readonly maxFileBytes: number
  /** What the session's layer holds. */
  readonly manifest: Manifest
  /** Every path the session ever changed, none that git ignores, as it was before. */
  readonly base: Map<string, Content | null>
  sheet: Sheet
  sheets: number
  /** Whether reading shows the sheet, too, since edits are tried out on it. */
  trying: boolean
  pending: Pending<ScannedUpper> | undefined
}

/** An empty upper directory. */
export const makeSheet = (home: string, owner: Owner, count: number): Sheet => {
  const directory = makeOwned(`${home}/sheet-${count}`, owner)
  return { directory, upper: makeOwned(`${directory}/upper`, owner), works: 0 }
}

/** A work directory nobody has used; what an earlier mount left in its own goes with the sheet. */
export const makeWork = ({ owner, sheet }: Pick<OverlayState, "owner" | "sheet">): string =>
  makeOwned(`${sheet.directory}/work-${sheet.works++}`, owner)

/** Where the next command writes, for the kernel's own hands. */
export const sheetLayer = (state: OverlayState): Layer => {
  state.trying = true
  return new Layer(state.sheet.upper, state)
}

/** Begins anew, whatever was written since the last accepted state. */
const turn = (state: OverlayState): void => {
  const old = state.sheet
  state.sheet = makeSheet(state.directory, state.owner, ++state.sheets)
  state.trying = false
  removeTree(old.directory, state.trash)
}

/** The layers that reading looks through, the topmost first. */
export const layersOf = (state: OverlayState): ReadonlyArray<string> =>
  state.trying ? [state.sheet.upper, state.session.root] : [state.session.root]

/** Looks at what was written; the new paths are then to be asked about by `conclude`. */
export const look = (state: OverlayState): ScannedUpper =>
  scanUpper({
    upper: state.sheet.upper,
    session: state.session.root,
    manifest: state.manifest,
    view: state.view,
    lower: state.lower,
    mask: state.mask,
    points: state.points,
    maxFileBytes: state.maxFileBytes,
    isOpaque: state.isOpaque
  })

/** The paths of a scan that the session has not been shown. */
export const fresh = (state: OverlayState, scanned: ScannedUpper): ReadonlyArray<string> =>
  [...scanned.found.keys()].filter((path) => !scanned.before.has(path) && !state.manifest.has(path))

// What a session may add, whatever git thinks of it.
const maxGrowth = 4 * 1024 ** 3

const growthOf = (state: OverlayState, found: ReadonlyMap<string, ManifestEntry>): number => {
  let bytes = 0
  for (const [, entry] of found) bytes += entry.content.size
  for (const [path, entry] of state.manifest) if (!found.has(path)) bytes += entry.content.size
  return bytes
}

/** Makes a change set of a scan, and remembers it. What a command wrote as it was is dropped. */
export const conclude = (state: OverlayState, scanned: ScannedUpper, ignored: ReadonlySet<string>): ChangeSet => {
  const { found, set } = toChangeSet(scanned, ignored, {
    isSecret: state.isSecret,
    maxFileBytes: state.maxFileBytes,
    was: (path) => {
      const content = scanned.before.get(path)
      const ignored = state.manifest.get(path)?.ignored ?? false
      return content === undefined ? undefined : { content, ignored, masked: false }
    },
    growth: (some) => ({ bytes: growthOf(state, some), most: maxGrowth })
  })
  state.pending = { set, scanned, found }
  const isNothing = found.size + scanned.gone.length + scanned.foreign.length === 0
  if (isNothing && (scanned.same.size > 0 || scanned.marks)) turn(state)
  return set
}

/** Makes the last scan the accepted state: what was written becomes part of the session's layer. */
export const accept = (state: OverlayState, set: ChangeSet): void => {
  const { found, scanned } = acceptable(state.pending, set)
  keepContents(state.blobs, state.sheet.upper, found)
  const changed = [...scanned.gone, ...[...found].filter(([, entry]) => !entry.ignored).map(([path]) => path)]
  for (const path of changed) {
    if (state.base.has(path) || state.manifest.get(path)?.ignored === true) continue
    state.base.set(path, scanned.before.get(path) ?? null)
    if (state.lower.isDisturbed(path)) state.lower.disturbed.add(path)
  }
  absorb({
    upper: state.sheet.upper,
    session: state.session,
    names: state.names,
    points: state.points,
    isOpaque: state.isOpaque,
    same: scanned.same
  })
  for (const path of scanned.gone) state.manifest.delete(path)
  for (const [path, entry] of found) state.manifest.set(path, entry)
  state.pending = undefined
  turn(state)
}

/** Drops what was written since the last accepted state. */
export const reject = (state: OverlayState): void => {
  state.pending = undefined
  turn(state)
}

/** What the session changed, against its start. */
export const between = (state: OverlayState): ReadonlyArray<Difference> =>
  [...state.base].flatMap(([path, before]) => {
    const entry = state.manifest.get(path)
    const after = entry === undefined || entry.ignored ? null : entry.content
    return sameContent(before, after) ? [] : [{ path, before, after }]
  }).toSorted((a, b) => byPath(a.path, b.path))
