import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { self } from "../../src/internal/owner.ts"
import { onDisk, reportedBy } from "../../src/Router/reportChannel.ts"
import { sweepReports } from "../../src/Router/reportDirectories.ts"
import { users } from "../support/sandbox.ts"

const user = users.at(-1)!
const open = (sealed: boolean) => Effect.map(onDisk.open({ sealed }, user), reportedBy)

it.scopedLive("gives a run whose runner seals a key of its own and nothing to write to", () =>
  Effect.gen(function*() {
    const [first, second] = [yield* open(true), yield* open(true)]
    assert.deepStrictEqual(first.mounts.map(({ mode }) => mode), ["ro"])
    assert.match(Buffer.from(first.stdin!).toString(), /^[0-9a-f]{64}\n$/)
    assert.notDeepEqual(first.stdin, second.stdin)
  }))

it.scopedLive("gives every other run an empty directory of its own and no key, until it is over", () =>
  Effect.gen(function*() {
    const directory = Effect.map(open(false), ({ mounts, stdin }) => {
      assert.isUndefined(stdin)
      return mounts.find(({ mode }) => mode === "rw")!.source
    })
    const before = yield* Effect.scoped(Effect.tap(directory, (path) => writeFileSync(join(path, "0-go.jsonl"), "{}")))
    assert.isFalse(existsSync(before))
    const [first, second] = [yield* directory, yield* directory]
    assert.lengthOf(new Set([before, first, second]), 3)
    for (const path of [first, second]) {
      const { mode, uid } = lstatSync(path)
      assert.deepStrictEqual([readdirSync(path), mode & 0o777, uid], [[], 0o700, user.uid])
    }
  }))

it.scopedLive("removes what killed kernels left of them, whatever is in there, and follows no link out of it", () =>
  Effect.gen(function*() {
    const outside = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-outside-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    writeFileSync(join(outside, "kept"), "")
    const alive = (yield* open(false)).mounts.find(({ mode }) => mode === "rw")!.source
    // No process has a number beyond the greatest.
    const dead = mkdtempSync(join(tmpdir(), `fluffy-report-${self.replace(`-${process.pid}-`, "-4194305-")}.`))
    const sealed = join(dead, "report", "deep")
    mkdirSync(sealed, { recursive: true })
    writeFileSync(join(sealed, "0-go.jsonl"), "{}")
    symlinkSync(outside, join(sealed, "link"))
    symlinkSync(join(outside, "kept"), join(dead, "report", "0-go.jsonl"))
    chmodSync(sealed, 0)
    assert.isAtLeast(yield* sweepReports, 1)
    assert.deepStrictEqual([existsSync(dead), existsSync(alive), readdirSync(outside)], [false, true, ["kept"]])
    assert.include(dirname(alive), self)
  }))
