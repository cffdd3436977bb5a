import { compile } from "../internal/Glob.ts"

/** A test of project paths by the patterns of secret files, in whatever case: `Server.PEM` is a key like `server.pem`. */
export const secretPaths = (patterns: ReadonlyArray<string>): (path: string) => boolean => {
  const exact = compile(patterns)
  const folded = compile(patterns.map((pattern) => pattern.toLowerCase()))
  return (path) => exact(path) || folded(path.toLowerCase())
}
