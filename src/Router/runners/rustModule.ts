import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"

/**
 * The file of a test by its module path: `tests::adds` of the crate root `src/lib.rs` is in `src/tests.rs` or `src/tests/mod.rs`, or where
 * neither exists in the root itself.
 */
export const moduleFile = (
  crateRoot: ProjectPath | null,
  test: string,
  files: ReadonlySet<string>
): ProjectPath | null => {
  if (crateRoot === null) return null
  const modules = test.split("::").slice(0, -1)
  for (let length = modules.length; length > 0; length--) {
    const path = posix.join(posix.dirname(crateRoot), ...modules.slice(0, length))
    const found = [`${path}.rs`, `${path}/mod.rs`].find((file) => files.has(file))
    if (found !== undefined) return found as ProjectPath
  }
  return crateRoot
}
