import { compile } from "../internal/Glob.ts"

const lower = (text: string) => text.toLowerCase()

/** A test of project paths by the patterns of secret files, in whatever case: `Server.PEM` is a key like `server.pem`. */
export const secretPaths = (patterns: ReadonlyArray<string>): (path: string) => boolean => {
  const exact = compile(patterns)
  const folded = compile(patterns.map(lower))
  const isFolded = patterns.every((pattern) => pattern === lower(pattern))
  return (path) => {
    const name = lower(path)
    // Asked of every file at every scan: where nothing is folded, both say the same.
    return folded(name) || (!(isFolded && name === path) && exact(path))
  }
}
