import { directoriesOf } from "../DiskState.ts"
import type { ReadOptions } from "../read.ts"
import type { Trees } from "../Trees.ts"
import { layersOf, type OverlayState } from "./OverlayState.ts"

/** The overlay as a reader sees it; `trees` are the dependency trees. */
export const readerOf = (state: OverlayState, trees: Trees): ReadOptions => {
  const inTree = (path: string) => trees.of(path) !== undefined
  const shows = (tree: string) => state.view.find(layersOf(state), tree.slice(0, Math.max(0, tree.lastIndexOf("/"))))
  return {
    placeOf: (path) => {
      const tree = trees.of(path)
      if (tree !== undefined) return shows(tree)?.isDirectory === true ? trees.placeOf(path) : undefined
      const root = state.view.find(layersOf(state), path)?.root
      return root === undefined ? undefined : { root, path }
    },
    namesOf: (directory) => {
      const prefix = directory === "" ? "" : `${directory}/`
      const below = trees.all.map(([tree]) => tree)
        .filter((tree) => tree.startsWith(prefix) && !tree.slice(prefix.length).includes("/"))
      const found = [...state.view.names(layersOf(state), directory)]
      return new Set([...found, ...below.map((tree) => tree.slice(prefix.length))])
    },
    isTree: (path) => trees.has(path),
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
