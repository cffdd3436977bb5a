import { nameOf, parentOf } from "../names.ts"

/** What a name of a directory is. */
export type Kind = "file" | "directory"

/**
 * The names a project had at the session's start, as git lists them, directory by directory ("" is the project): all that an overlay
 * ever shows of it. Files and links are both "file".
 */
export class Names {
  readonly directories: Map<string, Map<string, Kind>> = new Map([["", new Map()]])

  /** How many files there are. */
  readonly files: number

  constructor(files: ReadonlyArray<string>) {
    this.files = files.length
    for (const path of files) this.in(parentOf(path)).set(nameOf(path), "file")
  }

  private in(directory: string): Map<string, Kind> {
    const known = this.directories.get(directory)
    if (known !== undefined) return known
    const made = new Map<string, Kind>()
    this.directories.set(directory, made)
    this.in(parentOf(directory)).set(nameOf(directory), "directory")
    return made
  }

  /** What a path was; undefined for what the session has never been shown. */
  kindOf(path: string): Kind | undefined {
    if (path === "") return "directory"
    return this.directories.get(parentOf(path))?.get(nameOf(path))
  }

  /** The names of one directory. */
  of(directory: string): ReadonlyMap<string, Kind> {
    return this.directories.get(directory) ?? new Map()
  }

  /** Takes a path out, and all below it: should it come to be again, it is a stranger. */
  forget(path: string): void {
    for (const [name] of this.of(path)) this.forget(`${path}/${name}`)
    this.directories.delete(path)
    this.directories.get(parentOf(path))?.delete(nameOf(path))
  }

  /** Every file below a directory. */
  *below(directory: string): Generator<string> {
    const prefix = directory === "" ? "" : `${directory}/`
    for (const [name, kind] of this.of(directory)) {
      if (kind === "file") yield prefix + name
      else yield* this.below(prefix + name)
    }
  }
}
