import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { join } from "node:path"
import { sha256 } from "../../src/Workspace/files.ts"
import type { ManifestEntry } from "../../src/Workspace/Manifest.ts"
import { scan, type ScanOptions } from "../../src/Workspace/scan.ts"
import { temporary } from "../support/diskProject.ts"

const second = 1_000_000_000n

// A file whose status the manifest knows to the nanosecond, but not its bytes.
const changedUnseen = (root: string, seenAfter: bigint): ManifestEntry => {
  fs.writeFileSync(join(root, "a"), "now")
  const { ctimeNs, ino } = fs.statSync(join(root, "a"), { bigint: true })
  const content = { kind: "file", executable: false, size: 3, sha256: sha256(Buffer.from("old")) } as const
  return {
    content,
    mode: 0o644,
    masked: false,
    ignored: false,
    ino,
    ctime: ctimeNs,
    seen: ctimeNs + seenAfter,
    visit: 0
  }
}

const options = (root: string, times: boolean): ScanOptions => ({
  root,
  times,
  maxFileBytes: 100,
  points: new Set(),
  isSecret: () => false,
  held: () => undefined
})

const sees = (times: boolean, seenAfter: bigint) =>
  Effect.map(temporary, (root) => {
    const manifest = new Map([["a", changedUnseen(root, seenAfter)]])
    return scan(options(root, times), manifest, new Set()).found.has("a")
  })

it.scoped("trusts a change time that is well past, on a file system that keeps them", () =>
  Effect.map(sees(true, second), (seen) => assert.isFalse(seen)))

it.scoped("reads a file that changed just before it was last looked at", () =>
  Effect.map(sees(true, 15_000_000n), (seen) => assert.isTrue(seen)))

it.scoped("reads every file where change times are not kept", () =>
  Effect.map(sees(false, second), (seen) => assert.isTrue(seen)))
