import { lstatSync, readdirSync, readlinkSync } from "node:fs"
import { lookAt } from "../files.ts"
import type { Look } from "../links.ts"
import { ancestors } from "../names.ts"
import { isWhiteout } from "./Layer.ts"
import type { Mask } from "./Mask.ts"
import type { Names } from "./Names.ts"

/** What a view is made of: the kernel's layers, the topmost first, and below them what is shown of the project. */
export interface ViewOptions {
  readonly project: string
  readonly names: Names
  readonly mask: Mask
  readonly isOpaque: (host: string) => boolean
}

/** Where a path lies: the host directory to look it up in, and whether it is a directory. */
export interface Found {
  readonly root: string
  readonly isDirectory: boolean
}

type Answer = Found | "hidden" | "nothing"

/** An overlay as the kernel sees it, without mounting it: what of several layers a path names. */
export class View {
  private readonly options: ViewOptions
  constructor(options: ViewOptions) {
    this.options = options
  }

  // "nothing": a lower layer decides.
  private inLayer(root: string, path: string): Answer {
    let opaque = false
    for (const one of [...ancestors(path), path]) {
      const stat = lookAt(`${root}/${one}`)
      if (stat === undefined) return opaque ? "hidden" : "nothing"
      if (isWhiteout(stat)) return "hidden"
      const isDirectory = stat.isDirectory()
      if (one === path) return { root, isDirectory }
      if (!isDirectory) return "hidden"
      opaque ||= this.options.isOpaque(`${root}/${one}`)
    }
    return "nothing"
  }

  private inProject(path: string): Found | undefined {
    const { mask, names, project } = this.options
    const kind = names.kindOf(path)
    if (kind === undefined || mask.hidden.has(path)) return undefined
    for (const one of [...ancestors(path), path]) {
      const stat = mask.hidden.has(one) ? undefined : lookAt(`${project}/${one}`)
      if (stat === undefined || (one !== path && !stat.isDirectory())) return undefined
      if (one === path) {
        const isFile = stat.isFile() || stat.isSymbolicLink()
        return (kind === "directory" ? stat.isDirectory() : isFile)
          ? { root: project, isDirectory: kind === "directory" }
          : undefined
      }
    }
    return undefined
  }

  /** What a path names in these layers over the project. */
  find(layers: ReadonlyArray<string>, path: string): Found | undefined {
    if (path === "") return { root: this.options.project, isDirectory: true }
    for (const root of layers) {
      const answer = this.inLayer(root, path)
      if (answer === "hidden") return undefined
      if (answer !== "nothing") return answer
    }
    return this.inProject(path)
  }

  /** The view as the symlink resolver sees it. */
  look(layers: ReadonlyArray<string>): Look {
    return (path) => {
      const found = this.find(layers, path)
      if (found === undefined) return "missing"
      if (found.isDirectory) return "directory"
      const host = `${found.root}/${path}`
      return lstatSync(host).isSymbolicLink() ? { link: readlinkSync(host) } : "other"
    }
  }

  /** Every name that one of the layers has in a directory; some may be hidden by a higher one. */
  names(layers: ReadonlyArray<string>, directory: string): ReadonlySet<string> {
    const found = new Set(this.options.names.of(directory).keys())
    for (const root of layers) {
      const stat = lookAt(directory === "" ? root : `${root}/${directory}`)
      if (stat?.isDirectory() === true) { for (const name of readdirSync(`${root}/${directory}`)) found.add(name) }
    }
    return found
  }

  /** Every file and link below a directory. */
  *below(layers: ReadonlyArray<string>, directory: string): Generator<string> {
    const prefix = directory === "" ? "" : `${directory}/`
    for (const name of this.names(layers, directory)) {
      const found = this.find(layers, prefix + name)
      if (found?.isDirectory === true) yield* this.below(layers, prefix + name)
      else if (found !== undefined) yield prefix + name
    }
  }
}
