import { posix } from "node:path"
import { ProjectPath } from "../../../domain/ProjectPath.ts"
import type { BindMount } from "../../../Sandbox.ts"
import type { Stage } from "../../../Workspace.ts"

const maxFiles = 500

/** The directories between the project and a file, outermost first. */
const above = (path: string): ReadonlyArray<string> => {
  const directory = posix.dirname(path)
  return directory === "." ? [] : [...above(directory), directory]
}

/**
 * Mounts that hold files of the stage where and as they are while tests run: each read-only, and every directory above it a mount of
 * its own, since what is a mount point can be neither renamed nor removed. An overlay has no directory of the host for them, but neither
 * lets it a directory that lies in a lower layer be renamed.
 */
export const heldFiles = (
  stage: Pick<Stage, "form" | "locate" | "project" | "root">,
  files: ReadonlyArray<string>
): ReadonlyArray<BindMount> => {
  const held = files.slice(0, maxFiles).flatMap((path) => {
    const source = stage.locate(ProjectPath.make(path))
    return source === undefined ? [] : [{ path, source }]
  })
  const place = (path: string, source: string, mode: BindMount["mode"]): BindMount => ({
    source,
    target: posix.join(stage.project, path),
    mode
  })
  const directories = stage.form === "overlay" ? [] : new Set(held.flatMap(({ path }) => above(path)))
  return [
    ...[...directories].map((path) => place(path, posix.join(stage.root, path), "rw")),
    ...held.map(({ path, source }) => place(path, source, "ro"))
  ]
}
