import { foldPath } from "./foldName.ts"
import type { PolicyRequest } from "./PolicyRule.ts"

/** A request made ready for many rules: its path split into names once. */
export interface Subject {
  readonly request: PolicyRequest
  readonly names: ReadonlyArray<string>
  /** The names as some file system might read them, when one of them might mean `.git` or `.fluffy`; else none. */
  readonly folded: ReadonlyArray<string>
  /** Whether the path may be a directory, so that `build/` speaks of `build` as well. */
  readonly directory: boolean
}

// No file has this name, so only patterns that fit any name (`*`, `**`) speak of the project as a whole.
const wholeProject = ["\uffff"]

const mayBeDirectory: ReadonlySet<string> = new Set(["fs.list", "search.grep", "search.glob"])

const none: ReadonlyArray<string> = []

/** Prepares a request. A request without a path has no names. */
export const subject = (request: PolicyRequest): Subject => {
  const { action, path } = request
  return {
    request,
    names: path === undefined ? none : path === "." ? wholeProject : path.split("/"),
    folded: path === undefined ? none : foldPath(path),
    directory: mayBeDirectory.has(action)
  }
}

const clip = (value: string) => JSON.stringify(value.length > 120 ? `${value.slice(0, 120)}…` : value)

/** A request in a few words, control characters escaped: `fs.read "src/a.ts"`, `shell.exec "git" "push"`. */
export const describe = ({ action, args, command, host, path }: PolicyRequest): string => {
  const words = [path, command, ...(args ?? []).slice(0, 4), host].filter((word) => word !== undefined)
  return [String(action), ...words.map(clip)].join(" ")
}
