import { ProjectPath } from "../domain/ProjectPath.ts"
import { resolve } from "./links.ts"
import { contentOf, lookIn, type MemoryNode } from "./MemoryTree.ts"
import { ancestors, byPath, isReserved, nameOf, parentOf } from "./names.ts"
import type { Entry } from "./Stage.ts"
import { PathRefused } from "./WorkspaceError.ts"

type Nodes = ReadonlyMap<string, MemoryNode>

const refused = (path: string, reason: PathRefused["reason"]) => new PathRefused({ path, reason })

const follow = (nodes: Nodes, asked: string): string => {
  const led = resolve(asked === "." ? "" : asked, lookIn(nodes))
  if ("refused" in led) throw refused(asked, led.refused)
  return led.path
}

const entryAt = (nodes: Nodes, path: string, isIgnored: (path: string) => boolean): Entry | undefined => {
  const node = nodes.get(path)
  const named = ProjectPath.make(path === "" ? "." : path)
  if (node !== undefined) {
    return { path: named, kind: contentOf(node).kind, size: contentOf(node).size, ignored: isIgnored(path) }
  }
  return path === "" || lookIn(nodes)(path) === "directory"
    ? { path: named, kind: "directory", size: 0, ignored: path !== "" && isIgnored(`${path}/`) }
    : undefined
}

/** A file's bytes; throws `PathRefused`. */
export const read = (nodes: Nodes, asked: ProjectPath, offset = 0, maxBytes = 1 << 20) => {
  const node = nodes.get(follow(nodes, asked))
  if (node === undefined || !("bytes" in node)) throw refused(asked, "is a directory")
  return { bytes: node.bytes.subarray(offset, offset + maxBytes), size: node.bytes.length }
}

/** What a path is, its last component not followed; throws `PathRefused` for one that leaves. */
export const stat = (nodes: Nodes, asked: ProjectPath, isIgnored: (path: string) => boolean): Entry | undefined => {
  if (asked === ".") return entryAt(nodes, "", isIgnored)
  try {
    const parent = follow(nodes, parentOf(asked))
    const name = nameOf(asked)
    return isReserved(name) ? undefined : entryAt(nodes, parent === "" ? name : `${parent}/${name}`, isIgnored)
  } catch (cause) {
    if (cause instanceof PathRefused && cause.reason !== "leaves the project") return undefined
    throw cause
  }
}

/** A directory's entries by path; throws `PathRefused`. */
export const list = (
  nodes: Nodes,
  asked: ProjectPath,
  { limit, recursive }: { readonly recursive: boolean; readonly limit: number },
  isIgnored: (path: string) => boolean
) => {
  const top = follow(nodes, asked)
  if (nodes.has(top)) throw refused(asked, "not a directory")
  const prefix = top === "" ? "" : `${top}/`
  const paths = new Set<string>()
  for (const path of nodes.keys()) {
    for (const one of [...ancestors(path), path]) if (one.startsWith(prefix)) paths.add(one)
  }
  const all = [...paths].filter((path) => path !== top && (recursive || parentOf(path) === top)).toSorted(inTree)
  const entries = all.slice(0, limit).flatMap((path) => entryAt(nodes, path, isIgnored) ?? [])
  return { entries, cut: all.length > limit }
}

// A directory's entries follow it at once, as a walk meets them.
const inTree = (a: string, b: string): number => {
  const [left, right] = [a.split("/"), b.split("/")]
  const at = left.findIndex((part, index) => part !== right[index])
  return at < 0 ? left.length - right.length : byPath(left[at] ?? "", right[at] ?? "")
}
