import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { layersOnDisk, sweepLayers } from "../../../src/Router.ts"
import { bundled } from "../../support/bundled.ts"
import { temporary } from "../../support/diskProject.ts"
import { isRoot } from "../../support/sandbox.ts"

const key = `${"a".repeat(64)}-${"b".repeat(64)}`

it.scopedLive(
  "a kernel that is killed at any step of keeping a layer leaves a whole one or nothing",
  () =>
    Effect.gen(function*() {
      const place = yield* temporary
      const child = yield* bundled("layerChild.ts", place)
      const run = (directory: string, at: number) =>
        spawnSync(process.execPath, [child, directory, key, String(at)], { encoding: "utf8" })
      const whole = run(join(place, "whole"), 0)
      assert.strictEqual(whole.status, 0, whole.stderr)
      const calls = Number(whole.stdout)
      assert.isAbove(calls, 15)
      let kept = 0
      for (let at = 1; at <= calls; at++) {
        const directory = join(place, `at-${at}`)
        assert.strictEqual(run(directory, at).signal, "SIGKILL")
        yield* sweepLayers(directory)
        const layer = yield* layersOnDisk(directory).open(key)
        if (layer === undefined) assert.isEmpty(at === 1 ? [] : readdirSync(directory), `killed at ${at}`)
        else {
          kept++
          assert.deepStrictEqual(readdirSync(directory), [key])
          assert.strictEqual(readFileSync(join(layer.trees[0]!.host, "tiny/index.js"), "utf8"), "1\n")
        }
      }
      assert.isTrue(kept > 0 && kept < calls)
    }),
  300_000
)

if (isRoot) {
  it.scopedLive(
    "root keeps and removes what another user's sandbox made, and they can lead it to nothing else",
    () =>
      Effect.gen(function*() {
        const place = yield* temporary
        chmodSync(place, 0o755)
        const victim = join(place, "victim")
        mkdirSync(victim, { mode: 0o700 })
        writeFileSync(join(victim, "secret"), "root's own", { mode: 0o600 })
        const before = lstatSync(victim).mtimeMs
        const child = yield* bundled("sealChild.ts", place)
        const ran = spawnSync(process.execPath, [child, join(place, "layers"), key, victim], { encoding: "utf8" })
        assert.strictEqual(ran.status, 0, ran.stderr)
        const [tried, worked] = ran.stdout.split(" ").map(Number)
        assert.isAbove(tried!, 20)
        assert.strictEqual(worked, 0)
        assert.deepStrictEqual([lstatSync(victim).mode & 0o777, lstatSync(victim).mtimeMs], [0o700, before])
        assert.strictEqual(lstatSync(join(victim, "secret")).mode & 0o777, 0o600)
        const layer = yield* layersOnDisk(join(place, "layers")).open(key)
        assert.strictEqual(readFileSync(join(layer!.trees[1]!.host, "tiny/index.js"), "utf8"), "1\n")
        assert.deepStrictEqual(readdirSync(join(place, "layers")), [key])
      }),
    300_000
  )
}
