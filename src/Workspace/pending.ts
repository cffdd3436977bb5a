import { readlinkSync } from "node:fs"
import type { ChangeSet } from "../domain/Change.ts"
import { WorkspaceFailed } from "../Workspace.ts"
import type { Blobs } from "./Blobs.ts"
import type { ManifestEntry } from "./Manifest.ts"
import { isUnread } from "./scan.ts"

/** What the last scan found, as the change set that was told and as it was seen. */
export interface Pending<Scanned> {
  readonly set: ChangeSet
  readonly scanned: Scanned
  readonly found: ReadonlyMap<string, ManifestEntry>
}

/** Whether a change set is the last scan's; one that was written down and read again is. */
export const isPending = (pending: Pending<unknown> | undefined, set: ChangeSet): boolean =>
  pending !== undefined && (pending.set === set || JSON.stringify(pending.set) === JSON.stringify(set))

const refused = (detail: string) => new WorkspaceFailed({ method: "accept", reason: "write", detail })

/** The last scan, where this set may be accepted; throws `WorkspaceFailed` where it is another's or holds something forbidden. */
export const acceptable = <Scanned>(pending: Pending<Scanned> | undefined, set: ChangeSet): Pending<Scanned> => {
  if (pending === undefined || !isPending(pending, set)) throw refused("this is not what the last scan found")
  if (set.forbidden.length > 0) throw refused(`it holds ${set.forbidden[0]?.path}: ${set.forbidden[0]?.why}`)
  return pending
}

/** Keeps the contents of what was found below `root` where no sandbox reaches; those too large to be read are not. */
export const keepContents = (blobs: Blobs, root: string, found: ReadonlyMap<string, ManifestEntry>): void => {
  for (const [path, { content, mode }] of found) {
    const host = `${root}/${path}`
    if (content.kind === "symlink") blobs.put(content.sha256, Buffer.from(readlinkSync(host)))
    else if (!isUnread(content)) blobs.putFile(content.sha256, host, content.size, mode)
  }
}
