import { posix } from "node:path"
import type { Mount } from "../../../Sandbox.ts"
import type { Stage } from "../../../Workspace.ts"

const maxFiles = 500

/** The directories between the project and a file, outermost first. */
const above = (path: string): ReadonlyArray<string> => {
  const directory = posix.dirname(path)
  return directory === "." ? [] : [...above(directory), directory]
}

/**
 * Mounts that hold files of the stage where and as they are while tests run: each read-only, and every directory above it a mount of
 * its own, since what is a mount point can be neither renamed nor removed.
 */
export const heldFiles = (
  stage: Pick<Stage, "mounts" | "project">,
  files: ReadonlyArray<string>
): ReadonlyArray<Mount> => {
  const whole = stage.mounts.find(({ mode, target }) => mode === "rw" && target === stage.project)
  if (whole === undefined) return []
  const held = files.slice(0, maxFiles)
  const place = (path: string, mode: Mount["mode"]): Mount => ({
    source: posix.join(whole.source, path),
    target: posix.join(whole.target, path),
    mode
  })
  const directories = new Set(held.flatMap(above))
  return [...[...directories].map((path) => place(path, "rw")), ...held.map((path) => place(path, "ro"))]
}
