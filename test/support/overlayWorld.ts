import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { Sandbox, trial } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import type { World } from "../contract/WorkspaceContract.ts"
import { diskWorld, temporaryOnDisk } from "./diskProject.ts"
import { sandboxHands } from "./inSandbox.ts"

/** The contract's project under stages that are overlays, changed by commands in bubblewrap. */
export const overlayWorld = (
  more: Readonly<Record<string, string>> = {}
): Effect.Effect<
  World & Required<Pick<World, "trial">> & {
    readonly directory: string
    readonly state: string
    readonly scratch: string
  },
  never,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const world = yield* diskWorld("disk", more, temporaryOnDisk)
    const sandbox = yield* Effect.provide(Sandbox, Bubblewrap.layerLazy())
    return {
      ...world,
      layer: Disk.layer({ state: world.state, scratch: world.scratch, form: "overlay" }),
      trial: trial(sandbox.run, world.project),
      inStage: (stage) => {
        assert.strictEqual(stage.form, "overlay")
        return sandboxHands(stage)
      }
    }
  })
