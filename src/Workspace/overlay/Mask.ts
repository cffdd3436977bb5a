import { type Dirent, lstatSync, readdirSync, readlinkSync } from "node:fs"
import { refuseLink } from "../links.ts"
import { ancestors, byPath, refuseName } from "../names.ts"
import type { Layer } from "./Layer.ts"
import type { Kind, Names } from "./Names.ts"
import type { Watch } from "./watch.ts"

/** `covered` are paths over which something is mounted. `secrets` are files shown empty. */
export interface MaskOptions {
  readonly project: string
  readonly names: Names
  readonly layer: Layer
  readonly watch: Watch
  readonly covered: Set<string>
  readonly secrets: ReadonlySet<string>
  /** Told of a directory that is gone from the project. */
  readonly gone: (directory: string) => void
}

const kindOf = (entry: Dirent): Kind | undefined =>
  entry.isDirectory() ? "directory" : entry.isFile() || entry.isSymbolicLink() ? "file" : undefined

const entriesOf = (directory: string): ReadonlyArray<Dirent> => {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (cause) {
    if (["ENOENT", "ENOTDIR", "EACCES", "ELOOP"].includes(String((cause as NodeJS.ErrnoException).code))) return []
    throw cause
  }
}

/**
 * The layer between a project and its overlay that hides every name git did not list at the session's start, whenever it came to be, and
 * every entry that is not what it was: ignored files, repositories inside, devices, links that leave. Secrets are empty files in it.
 */
export class Mask {
  /** Paths of the listing that are hidden for what they have become. */
  readonly hidden: Set<string> = new Set()
  /** Links of the project that are shown. */
  readonly links: Set<string> = new Set()
  readonly secrets: ReadonlySet<string>
  /** Directories of the project that the listing does not have. */
  readonly strange: Set<string> = new Set()
  readonly root: string
  private readonly options: MaskOptions

  constructor(options: MaskOptions) {
    this.options = options
    this.root = options.layer.root
    this.secrets = options.secrets
    for (const path of options.secrets) options.layer.empty(path)
  }

  /** Looks at the directories of the whole listing. */
  lookAtAll(): void {
    for (const directory of this.options.names.directories.keys()) this.look(directory)
  }

  /** Looks at what changed since the last time, before anything of the project is shown to a command again. */
  refresh(): void {
    const { names, watch } = this.options
    const changed = watch.changed()
    if (changed === "any") { for (const directory of names.directories.keys()) watch.renew(directory) }
    if (changed === "any") return this.lookAtAll()
    // What a directory is tells whether those in it are shown at all.
    for (const directory of [...changed].toSorted(byPath)) this.look(directory)
  }

  /** Something is mounted over this path now: it need not be hidden. */
  uncover(path: string): void {
    this.options.covered.add(path)
    this.options.layer.show(path)
  }

  /** Something is mounted over this path, which the project does not have: an empty directory to mount it on. */
  place(path: string): void {
    this.options.covered.add(path)
    this.options.layer.directory(path)
  }

  /** Nothing is mounted over this path any more. */
  cover(path: string): void {
    this.options.covered.delete(path)
    this.options.layer.hide(path)
  }

  private look(directory: string): void {
    const { covered, layer, names, project } = this.options
    if ([...ancestors(directory), directory].some((one) => this.hidden.has(one))) return
    const prefix = directory === "" ? "" : `${directory}/`
    const known = names.of(directory)
    const absent = new Set(known.keys())
    let undecodable = false
    for (const entry of entriesOf(`${project}/${directory}`)) {
      const path = prefix + entry.name
      absent.delete(entry.name)
      if (covered.has(path)) continue
      const kind = known.get(entry.name)
      if (entry.name.includes("\ufffd")) undecodable = true
      else if (kind === undefined) {
        layer.hide(path)
        if (entry.isDirectory()) this.strange.add(path)
      } else this.judge(path, entry, kind)
    }
    if (undecodable) this.hideUndecodable(directory)
    for (const name of absent) if (known.get(name) === "directory") this.lose(prefix + name)
  }

  // A directory that only a kernel's layer has is shown with the names of its whiteouts.
  private lose(directory: string): void {
    if (this.hidden.has(directory) || this.options.covered.has(directory)) return
    this.hidden.add(directory)
    this.options.layer.hide(directory)
    this.options.gone(directory)
  }

  private judge(path: string, entry: Dirent, kind: Kind): void {
    const { layer, watch } = this.options
    if (this.secrets.has(path)) return
    if (kindOf(entry) !== kind || this.leaves(path, entry)) {
      this.hidden.add(path)
      this.links.delete(path)
      return layer.hide(path)
    }
    if (entry.isSymbolicLink()) this.links.add(path)
    else this.links.delete(path)
    const wasHidden = this.hidden.delete(path)
    if (wasHidden) this.unhide(path)
    if (kind === "directory" && (watch.renew(path) || wasHidden)) this.look(path)
  }

  // What lay in this layer below a hidden directory is gone.
  private unhide(path: string): void {
    const { layer } = this.options
    layer.show(path)
    for (const secret of this.secrets) if (secret.startsWith(`${path}/`)) layer.empty(secret)
  }

  private leaves(path: string, entry: Dirent): boolean {
    if (!entry.isSymbolicLink()) return false
    const { names, project } = this.options
    try {
      const target = readlinkSync(`${project}/${path}`)
      return refuseLink(path, target, (at) => {
        const stat = names.kindOf(at) === undefined
          ? undefined
          : lstatSync(`${project}/${at}`, { throwIfNoEntry: false })
        if (stat === undefined) return "missing"
        if (stat.isSymbolicLink()) return { link: readlinkSync(`${project}/${at}`) }
        return stat.isDirectory() ? "directory" : "other"
      }) !== undefined
    } catch {
      return true
    }
  }

  // Listed names can all be decoded, so that none of these is one.
  private hideUndecodable(directory: string): void {
    const { layer, project } = this.options
    for (const name of readdirSync(`${project}/${directory}`, { encoding: "buffer" })) {
      if (refuseName(name.toString()) !== undefined) layer.hideBytes(directory, name)
    }
  }
}
