import { chownSync, closeSync, constants, fchmodSync, lchownSync, openSync, symlinkSync } from "node:fs"
import type { Content } from "../domain/Change.ts"
import { WorkspaceFailed } from "../Workspace.ts"
import { writeAll } from "./files.ts"
import type { Owner } from "./fill.ts"
import { ancestors, display, refusePath } from "./names.ts"

const refused = (path: string, why: string) =>
  new WorkspaceFailed({ method: "try out", reason: "write", detail: `${display(path)}: ${why}` })

/** Throws `WorkspaceFailed` where an edit may not be tried out: a name of no project path, a secret, a place of something mounted. */
export const checkEdit = (path: string, isSecret: (path: string) => boolean, points: ReadonlySet<string>): void => {
  const why = refusePath(path)
  if (why !== undefined) throw refused(path, why)
  if (isSecret(path)) throw refused(path, "it is a secret")
  const lies = [...ancestors(path), path].some((one) => points.has(one))
  if (lies || [...points].some((one) => one.startsWith(`${path}/`))) {
    throw refused(path, "it lies in the place of a read-only tree")
  }
}

/** Makes a file or a link where there is nothing; a link's bytes are its target. */
export const makeEntry = (
  host: string,
  content: Pick<Content, "kind" | "executable">,
  bytes: Iterable<Uint8Array>,
  owner: Owner
): void => {
  if (content.kind === "symlink") {
    symlinkSync(Buffer.concat([...bytes].map((chunk) => Buffer.from(chunk))), host)
    if (owner !== null) lchownSync(host, owner.uid, owner.gid)
    return
  }
  const fd = openSync(host, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    for (const chunk of bytes) writeAll(fd, chunk)
    fchmodSync(fd, content.executable ? 0o755 : 0o644)
  } finally {
    closeSync(fd)
  }
  if (owner !== null) chownSync(host, owner.uid, owner.gid)
}
