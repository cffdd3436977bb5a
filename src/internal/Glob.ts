import ignore from "ignore"

/** Compiles patterns that mean what they mean in `.gitignore` into a test of a project-relative path. An empty list matches nothing. */
export const compile = (patterns: ReadonlyArray<string>): (path: string) => boolean => {
  if (patterns.length === 0) return () => false
  const matcher = ignore({ ignorecase: false }).add([...patterns])
  return (path) => path !== "." && matcher.ignores(path)
}
