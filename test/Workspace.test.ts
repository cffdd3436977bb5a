import { Effect } from "effect"
import { layerMemory, MemoryTree } from "../src/Workspace.ts"
import { files, suite } from "./contract/WorkspaceContract.ts"
import { diskWorld } from "./support/diskProject.ts"
import { overlayWorld } from "./support/overlayWorld.ts"
import { requireRuntime } from "./support/require.ts"

suite(
  "in memory",
  Effect.sync(() => {
    const tree = new MemoryTree(files, [".env", "cache/"])
    return {
      project: "/project",
      layer: layerMemory(tree),
      inProject: tree.project,
      inStage: (stage) => tree.stage(stage.root) ?? tree.project
    }
  })
)

suite("on a file system in memory", diskWorld("memory"))

suite("on a disk", diskWorld("disk"))

if (requireRuntime("bubblewrap")) suite("laid over the project", overlayWorld())
