import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Stage } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { open, path } from "../contract/WorkspaceContract.ts"
import { inSandbox } from "../support/inSandbox.ts"
import { overlayWorld } from "../support/overlayWorld.ts"
import { requireRuntime } from "../support/require.ts"

const sh = (stage: Stage, script: string) => inSandbox(stage, ["/bin/sh", "-c", script]).toString()

const places: ReadonlyArray<readonly [path: string, why: RegExp]> = [
  ["src", /lies there/],
  ["src/a.ts", /lies there/],
  ["src/a.ts/node_modules", /src\/a\.ts is no directory/],
  ["missing/node_modules", /missing is no directory/],
  ["node_modules/tiny/node_modules", /it lies in node_modules/],
  [".git", /git|not a tree's place/],
  [".fluffy/node_modules", /kernel/],
  ["../node_modules", /leaves/]
]

for (const form of ["copy", "overlay"] as const) {
  describe.runIf(requireRuntime("bubblewrap"))(
    `a tree shown in a stage that is ${form === "copy" ? "a copy" : "an overlay"}`,
    () => {
      const test = (
        sentence: string,
        body: (stage: Stage, source: string) => Effect.Effect<void, unknown, never>,
        prepare: (project: string) => void = () => undefined
      ) =>
        it.scopedLive(sentence, () =>
          Effect.gen(function*() {
            const world = yield* overlayWorld()
            prepare(world.project)
            const source = join(world.directory, "shown")
            mkdirSync(join(source, "tiny"), { recursive: true })
            writeFileSync(join(source, "tiny/index.js"), "from the layer\n")
            const layer = Disk.layer({ state: world.state, scratch: world.scratch, form })
            yield* Effect.gen(function*() {
              const stage = yield* open(world)
              assert.strictEqual(stage.form, form)
              assert.isUndefined(yield* stage.showTree(path("node_modules"), source))
              yield* body(stage, source)
            }).pipe(Effect.provide(layer))
          }))

      test("is read-only, can be read, and no part of a change", (stage) =>
        Effect.gen(function*() {
          assert.strictEqual(sh(stage, "cat node_modules/tiny/index.js"), "from the layer\n")
          sh(
            stage,
            "echo evil > node_modules/tiny/index.js; rm -rf node_modules; mv node_modules x; echo > new.ts; true"
          )
          const set = yield* stage.scan
          assert.deepStrictEqual(set.changes.map((one) => one.path), [path("new.ts")])
          yield* stage.accept(set)
          assert.strictEqual(sh(stage, "cat node_modules/tiny/index.js; ls"), `from the layer\n${sh(stage, "ls")}`)
          yield* Effect.flatMap(stage.scan, stage.reject)
          const { bytes } = yield* stage.read(path("node_modules/tiny/index.js"))
          assert.strictEqual(Buffer.from(bytes).toString(), "from the layer\n")
          const { entries } = yield* stage.list(path("node_modules"), { recursive: true, limit: 10 })
          assert.deepStrictEqual(entries.map((one) => [one.path, one.ignored]), [
            [path("node_modules/tiny"), true],
            [path("node_modules/tiny/index.js"), true]
          ])
          assert.deepStrictEqual((yield* stage.changes).map((one) => one.path), [path("new.ts")])
        }))

      test(
        "stands in the place of the project's own",
        (stage) => Effect.sync(() => assert.strictEqual(sh(stage, "ls node_modules"), "tiny\n")),
        (project) => {
          mkdirSync(join(project, "node_modules/own"), { recursive: true })
        }
      )

      test("is gone with its source, and the rest works on", (stage, source) =>
        Effect.gen(function*() {
          rmSync(source, { recursive: true })
          assert.notInclude(sh(stage, "cat src/a.ts; ls node_modules 2>/dev/null; true"), "tiny")
          assert.deepStrictEqual((yield* stage.scan).changes, [])
        }))

      test("is shown nowhere but in a place of its own", (stage, source) =>
        Effect.gen(function*() {
          for (const [place, why] of places) {
            assert.match(String(yield* stage.showTree(path(place), source)), why, place)
          }
          assert.isUndefined(yield* stage.showTree(path("src/node_modules"), source))
          assert.strictEqual(sh(stage, "cat src/node_modules/tiny/index.js"), "from the layer\n")
        }))
    }
  )
}
