import { ancestors } from "./names.ts"

/** The dependency trees a stage shows read-only: the project's own, and in their place or beside them those shown since. */
export class Trees {
  private readonly project: string
  private readonly sources = new Map<string, string>()

  constructor(project: string, own: ReadonlyArray<string>) {
    this.project = project
    for (const path of own) this.sources.set(path, `${project}/${path}`)
  }

  /** Each tree's path in the project and the host directory that is shown there. */
  get all(): ReadonlyArray<readonly [path: string, source: string]> {
    return [...this.sources]
  }

  has(path: string): boolean {
    return this.sources.has(path)
  }

  /** The tree a path lies in or is. */
  of(path: string): string | undefined {
    return [...ancestors(path), path].find((one) => this.sources.has(one))
  }

  /** Where on the host a path of a tree lies: a directory to go through, and the way from there; undefined for a path of none. */
  placeOf(path: string): { readonly root: string; readonly path: string } | undefined {
    const tree = this.of(path)
    const source = tree === undefined ? undefined : this.sources.get(tree)
    if (tree === undefined || source === undefined) return undefined
    if (source === `${this.project}/${tree}`) return { root: this.project, path }
    return { root: source, path: path.slice(tree.length + 1) }
  }

  show(path: string, source: string): void {
    this.sources.set(path, source)
  }
}
