import ignore from "ignore"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { root } from "./setup.mjs"

/** The repository's files, tracked or about to be, as paths from its root; patterns are gitignore's. */
export const files = (includes = ["*"], excludes = []) => {
  const listed = execFileSync("git", ["ls-files", "-zco", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  const included = ignore().add(includes)
  const excluded = ignore().add(excludes)
  return [...new Set(listed.split("\0"))].filter((file) =>
    file !== "" && included.ignores(file) && !excluded.ignores(file) && existsSync(join(root, file))
  )
}
