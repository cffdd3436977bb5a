import { renameSync, rmdirSync, unlinkSync } from "node:fs"
import type { Content } from "../domain/Change.ts"
import type { Edit, Tried } from "../Workspace.ts"
import { type DiskState, restoring, visible } from "./DiskState.ts"
import { checkEdit, makeEntry } from "./edits.ts"
import { lookAt, removeTree } from "./files.ts"
import { differences } from "./Manifest.ts"
import { ancestors, byPath, parentOf } from "./names.ts"
import { makeDirectory } from "./restore.ts"
import { isUnread, unreadMark } from "./scan.ts"

const check = (state: DiskState, path: string): void => {
  const isSecret = (one: string) => state.options.isSecret(one) || state.manifest.get(one)?.masked === true
  checkEdit(path, isSecret, state.options.points)
}

/** Removes a file or a link, and the directories that are empty without it. */
const remove = (state: DiskState, path: string) => {
  const host = `${state.home.root}/${path}`
  const stat = throughDirectories(state, path) ? lookAt(host) : undefined
  if (stat === undefined || stat.isDirectory()) return
  unlinkSync(host)
  removeEmpty(state, path)
}

const removeEmpty = (state: DiskState, path: string) => {
  for (const directory of ancestors(path).toReversed()) {
    try {
      if (!state.options.points.has(directory)) rmdirSync(`${state.home.root}/${directory}`)
    } catch (cause) {
      if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(String((cause as NodeJS.ErrnoException).code))) return
      throw cause
    }
  }
}

// A link on the way would lead to another file.
const throughDirectories = (state: DiskState, path: string): boolean =>
  ancestors(path).every((directory) => lookAt(`${state.home.root}/${directory}`)?.isDirectory() === true)

/** Makes room for a path and gives its place on the host. */
const clear = (state: DiskState, path: string): string => {
  const host = `${state.home.root}/${path}`
  if (parentOf(path) !== "") makeDirectory(restoring(state), parentOf(path))
  removeTree(host, state.home.trash)
  return host
}

const put = (
  state: DiskState,
  path: string,
  content: Pick<Content, "kind" | "executable">,
  bytes: Iterable<Uint8Array>
): void => makeEntry(clear(state, path), content, bytes, state.owner)

/** Writes edits into the stage, removals first, whatever stands in their way. */
export const tryOut = (state: DiskState, edits: ReadonlyArray<Edit>): void => {
  for (const { path } of edits) check(state, path)
  for (const { content, path } of edits) if (content === null) remove(state, path)
  for (const { content, path } of edits) if (content !== null) put(state, path, content, [content.bytes])
}

/** Takes away what git ignores and the session made; files too large to be kept are put aside, for `reject` to bring back. */
const hideLeavings = (state: DiskState): void => {
  for (const [path, entry] of [...state.manifest].filter(([, one]) => one.ignored)) {
    if (!isUnread(entry.content)) remove(state, path)
    else if (throughDirectories(state, path)) {
      const at = `${state.home.trash}/aside-${state.aside.length}`
      renameSync(`${state.home.root}/${path}`, at)
      state.aside.push({ path, at })
      removeEmpty(state, path)
    }
  }
}

/** Takes the stage to what it began from, or to what a merge would leave. */
export const tryWhole = (state: DiskState, tried: Tried): void => {
  hideLeavings(state)
  if (tried === "merged") return
  const wanted = differences(visible(state.manifest), state.base).toSorted((a, b) => byPath(a.path, b.path))
  for (const { after, path } of wanted) if (after === null) remove(state, path)
  for (const { after, path } of wanted) {
    if (after !== null) put(state, path, after, after.size === 0 ? [] : state.blobs.chunks(after.sha256))
  }
}

/** Brings back what `tryWhole` put aside; a scan made before that says nothing any more. */
export const bringBack = (state: DiskState): void => {
  const { aside } = state
  for (const { at, path } of aside) {
    const entry = state.manifest.get(path)
    if (entry === undefined || lookAt(at) === undefined) continue
    const host = clear(state, path)
    renameSync(at, host)
    const stat = lookAt(host)
    if (stat === undefined) continue
    const content = { ...entry.content, sha256: unreadMark(stat) }
    state.manifest.set(path, { ...entry, content, ino: stat.ino, ctime: stat.ctimeNs })
  }
  if (aside.splice(0).length > 0) state.pending = undefined
}
