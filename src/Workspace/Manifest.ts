import type { Change, Content } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { byPath, nameOf, parentOf } from "./names.ts"

/** One staged path as it was last accepted. `masked`: a secret, shown empty. Times in ns; `seen` is when the kernel looked. */
export interface ManifestEntry {
  readonly content: Content
  readonly mode: number
  readonly masked: boolean
  readonly ignored: boolean
  ino: bigint
  ctime: bigint
  seen: bigint
  /** The scan that last met this path. */
  visit: number
}

/** Accepted state of a stage by project-relative path: files and symlinks, never directories. */
export type Manifest = Map<string, ManifestEntry>

/** One path that differs between two states. */
export interface Difference {
  readonly path: string
  readonly before: Content | null
  readonly after: Content | null
}

/** Whether two contents are the same to git: kind, execute bit and bytes. */
export const sameContent = (a: Content | null, b: Content | null): boolean =>
  a === b ||
  (a !== null && b !== null && a.kind === b.kind && a.executable === b.executable && a.sha256 === b.sha256)

/** Differences of two states, by path. */
export const differences = (
  before: ReadonlyMap<string, Content>,
  after: ReadonlyMap<string, Content>
): ReadonlyArray<Difference> => {
  const found: Array<Difference> = []
  for (const [path, old] of before) {
    const now = after.get(path) ?? null
    if (!sameContent(old, now)) found.push({ path, before: old, after: now })
  }
  for (const [path, now] of after) {
    if (!before.has(path)) found.push({ path, before: null, after: now })
  }
  return found.toSorted((a, b) => byPath(a.path, b.path))
}

const pathOf = (path: string) => ProjectPath.make(path)

const single = ({ after, before, path }: Difference): Change => ({
  kind: before === null
    ? "create"
    : after === null
    ? "delete"
    : before.kind === after.kind && before.sha256 === after.sha256
    ? "mode"
    : "modify",
  path: pathOf(path),
  before,
  after
})

/** Names the differences: a deletion and a creation of the same non-empty content are a rename. Sorted by path. */
export const toChanges = (all: ReadonlyArray<Difference>): ReadonlyArray<Change> => {
  const gone = new Map<string, Array<Difference>>()
  const keyOf = (content: Content) => `${content.kind} ${content.sha256}`
  for (const one of all) {
    if (one.after !== null || one.before === null || one.before.size === 0) continue
    const key = keyOf(one.before)
    if (gone.get(key)?.push(one) === undefined) gone.set(key, [one])
  }
  const renamed = new Map<string, Difference>()
  for (const one of all) {
    if (one.before !== null || one.after === null) continue
    const candidates = gone.get(keyOf(one.after)) ?? []
    if (candidates.length === 0) continue
    const alike = candidates.findIndex((other) => nameOf(other.path) === nameOf(one.path))
    const beside = candidates.findIndex((other) => parentOf(other.path) === parentOf(one.path))
    const [from] = candidates.splice(alike >= 0 ? alike : Math.max(beside, 0), 1)
    if (from !== undefined) renamed.set(one.path, from)
  }
  const sources = new Set([...renamed.values()].map((one) => one.path))
  return all.filter((one) => !sources.has(one.path)).map((one): Change => {
    const from = renamed.get(one.path)
    return from === undefined
      ? single(one)
      : { kind: "rename", path: pathOf(one.path), from: pathOf(from.path), before: from.before, after: one.after }
  }).toSorted((a, b) => byPath(a.path, b.path))
}
