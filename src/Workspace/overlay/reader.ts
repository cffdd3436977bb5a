import { directoriesOf } from "../DiskState.ts"
import { ancestors } from "../names.ts"
import type { ReadOptions } from "../read.ts"
import { layersOf, type OverlayState } from "./OverlayState.ts"

/** The overlay as a reader sees it; `trees` are the dependency trees. */
export const readerOf = (state: OverlayState, project: string, trees: ReadonlyArray<string>): ReadOptions => {
  const known = new Set(trees)
  const inTree = (path: string) => [...ancestors(path), path].some((one) => known.has(one))
  const shows = (tree: string) => state.view.find(layersOf(state), tree.slice(0, Math.max(0, tree.lastIndexOf("/"))))
  return {
    rootOf: (path) => {
      if (!inTree(path)) return state.view.find(layersOf(state), path)?.root
      const tree = [...ancestors(path), path].find((one) => known.has(one))
      return tree === undefined || shows(tree)?.isDirectory !== true ? undefined : project
    },
    namesOf: (directory) => {
      const prefix = directory === "" ? "" : `${directory}/`
      const below = trees.filter((tree) => tree.startsWith(prefix) && !tree.slice(prefix.length).includes("/"))
      const found = [...state.view.names(layersOf(state), directory)]
      return new Set([...found, ...below.map((tree) => tree.slice(prefix.length))])
    },
    isTree: (path) => known.has(path),
    inTree,
    isMasked: (path) =>
      (state.mask.secrets.has(path) && !state.manifest.has(path)) || (inTree(path) && state.isSecret(path)),
    isIgnored: (path) => {
      const entry = state.manifest.get(path)
      if (entry !== undefined) return entry.ignored
      if (state.names.kindOf(path) !== undefined) return false
      const { ignored, kept } = directoriesOf(state.manifest)
      return ignored.has(path) && !kept.has(path)
    }
  }
}
