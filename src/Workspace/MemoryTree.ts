import type { Content } from "../domain/Change.ts"
import { sha256 } from "./files.ts"
import type { Look } from "./links.ts"
import { ancestors } from "./names.ts"

/** One entry of a tree in memory: a file's bytes or where a symlink points. */
export type MemoryNode = { readonly bytes: Uint8Array; readonly executable: boolean } | { readonly link: string }

/** A tree of files in memory; directories are there when something is in them. */
export class MemoryFiles {
  readonly nodes: Map<string, MemoryNode>
  constructor(nodes: ReadonlyMap<string, MemoryNode> = new Map()) {
    this.nodes = new Map(nodes)
  }
  /** A file's text; undefined when there is no such file. */
  read(path: string): string | undefined {
    const node = this.nodes.get(path)
    return node !== undefined && "bytes" in node ? Buffer.from(node.bytes).toString() : undefined
  }
  /** Writes a file; what was a file or a directory in its way is replaced. */
  write(path: string, content: string | Uint8Array, executable = false): void {
    const bytes = typeof content === "string" ? Buffer.from(content) : Uint8Array.from(content)
    this.put(path, { bytes, executable })
  }
  /** Writes a symlink. */
  link(path: string, target: string): void {
    this.put(path, { link: target })
  }
  /** Removes a file, or a directory with all in it. */
  remove(path: string): void {
    for (const other of [...this.nodes.keys()]) {
      if (other === path || other.startsWith(`${path}/`)) this.nodes.delete(other)
    }
  }
  private put(path: string, node: MemoryNode): void {
    this.remove(path)
    for (const directory of ancestors(path)) this.nodes.delete(directory)
    this.nodes.set(path, node)
  }
}

/**
 * A project in memory with the stages opened over it, shared by `Workspace.layerMemory` and whatever plays the sandbox: a command's
 * writable mount has a stage's root as its source, and `stage(root)` is what such a command may change. `ignored` are gitignore patterns.
 */
export class MemoryTree {
  readonly project: MemoryFiles
  readonly ignored: ReadonlyArray<string>
  readonly stages: Map<string, MemoryFiles> = new Map()
  readonly patches: Map<string, string> = new Map()
  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}, ignored: ReadonlyArray<string> = []) {
    this.project = new MemoryFiles()
    this.ignored = ignored
    for (const [path, content] of Object.entries(files)) this.project.write(path, content)
  }
  /** The open stage with this root. */
  stage(root: string): MemoryFiles | undefined {
    return this.stages.get(root)
  }
}

/** What an entry is to a change set. */
export const contentOf = (node: MemoryNode): Content => {
  const bytes = "link" in node ? Buffer.from(node.link) : node.bytes
  return {
    kind: "link" in node ? "symlink" : "file",
    executable: "bytes" in node && node.executable,
    size: bytes.length,
    sha256: sha256(bytes)
  }
}

/** The contents of a whole tree. */
export const contentsOf = (nodes: ReadonlyMap<string, MemoryNode>): Map<string, Content> =>
  new Map([...nodes].map(([path, node]) => [path, contentOf(node)]))

/** A tree as the symlink resolver sees it. */
export const lookIn = (nodes: ReadonlyMap<string, MemoryNode>): Look => (path) => {
  const node = nodes.get(path)
  if (node !== undefined) return "link" in node ? { link: node.link } : "other"
  return [...nodes.keys()].some((other) => other.startsWith(`${path}/`)) ? "directory" : "missing"
}
