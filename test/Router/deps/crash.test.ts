import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { build } from "esbuild"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { layersOnDisk, sweepLayers } from "../../../src/Router.ts"
import { temporary } from "../../support/diskProject.ts"

const key = `${"a".repeat(64)}-${"b".repeat(64)}`

it.scopedLive(
  "a kernel that is killed at any step of keeping a layer leaves a whole one or nothing",
  () =>
    Effect.gen(function*() {
      const place = yield* temporary
      const child = join(place, "child.mjs")
      yield* Effect.promise(() =>
        build({
          entryPoints: [join(import.meta.dirname, "../../support/layerChild.ts")],
          bundle: true,
          platform: "node",
          format: "esm",
          target: "node20",
          outfile: child,
          banner: {
            js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url)"
          },
          logLevel: "error"
        })
      )
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
  120_000
)
