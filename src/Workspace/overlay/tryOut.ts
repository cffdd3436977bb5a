import type { Content } from "../../domain/Change.ts"
import type { Edit, Tried } from "../../Workspace.ts"
import { checkEdit, makeEntry } from "../edits.ts"
import { ancestors, byPath } from "../names.ts"
import { isWhiteout, type Layer } from "./Layer.ts"
import { between, layersOf, type OverlayState, sheetLayer } from "./OverlayState.ts"

const check = (state: OverlayState, path: string): void =>
  checkEdit(path, (one) => state.isSecret(one) || state.mask.secrets.has(one), state.points)

/** Takes a file away, and the directories that are empty without it. */
const remove = (state: OverlayState, upper: Layer, path: string) => {
  const found = state.view.find(layersOf(state), path)
  if (found === undefined || found.isDirectory) return
  upper.hide(path)
  for (const directory of ancestors(path).toReversed()) {
    if (!state.view.below(layersOf(state), directory).next().done) return
    if ([...state.points].some((point) => point.startsWith(`${directory}/`))) return
    upper.hide(directory)
  }
}

// A directory made where one was taken away would show what lies below again.
const makeParents = (state: OverlayState, upper: Layer, path: string) => {
  for (const directory of ancestors(path)) {
    const stat = upper.look(directory)
    const names = stat !== undefined && isWhiteout(stat) ? state.view.names([state.session.root], directory) : []
    upper.directory(directory)
    for (const name of names) upper.hide(`${directory}/${name}`)
  }
}

const put = (
  state: OverlayState,
  upper: Layer,
  path: string,
  content: Pick<Content, "kind" | "executable">,
  bytes: Iterable<Uint8Array>
) => {
  makeParents(state, upper, path)
  upper.remove(path)
  makeEntry(`${upper.root}/${path}`, content, bytes, state.owner)
}

/** Writes edits where the next command will, removals first, whatever stands in their way. */
export const tryOut = (state: OverlayState, edits: ReadonlyArray<Edit>): void => {
  for (const { path } of edits) check(state, path)
  const upper = sheetLayer(state)
  for (const { content, path } of edits) if (content === null) remove(state, upper, path)
  for (const { content, path } of edits) if (content !== null) put(state, upper, path, content, [content.bytes])
}

/** Takes what the next command will see to what the session began from, or to what a merge would leave. */
export const tryWhole = (state: OverlayState, tried: Tried): void => {
  const upper = sheetLayer(state)
  for (const [path, entry] of state.manifest) if (entry.ignored) remove(state, upper, path)
  if (tried === "merged") return
  const wanted = between(state).toSorted((a, b) => byPath(a.path, b.path))
  for (const { before, path } of wanted) if (before === null) remove(state, upper, path)
  for (const { before, path } of wanted) {
    if (before !== null) put(state, upper, path, before, before.size === 0 ? [] : state.blobs.chunks(before.sha256))
  }
}
