import { Context, Effect, Layer, type Scope } from "effect"
import { open } from "./Workspace/MemoryStage.ts"
import type { MemoryTree } from "./Workspace/MemoryTree.ts"
import type { MergeRecovery } from "./Workspace/MergeReport.ts"
import type { Stage, StageOptions } from "./Workspace/Stage.ts"
import type { WorkspaceFailed } from "./Workspace/WorkspaceError.ts"

export { MemoryFiles, type MemoryNode, MemoryTree } from "./Workspace/MemoryTree.ts"
export * from "./Workspace/MergeReport.ts"
export * from "./Workspace/Stage.ts"
export * from "./Workspace/WorkspaceError.ts"

/** Private copies of the project that sessions work in, and the only way from one into the project. */
export class Workspace extends Context.Tag("fluffy/Workspace")<Workspace, {
  /** A stage of the project; closing the scope removes it. Nothing may be read from it while a process of it lives. */
  readonly open: (options: StageOptions) => Effect.Effect<Stage, WorkspaceFailed, Scope.Scope>
  /** Finishes or undoes merges a killed kernel left half-way, and removes the stages of dead kernels. */
  readonly recover: (project: string) => Effect.Effect<MergeRecovery, WorkspaceFailed>
}>() {}

/** Stages over a project held in memory: for tests, and for an app that embeds the kernel over files of its own. */
export const layerMemory = (tree: MemoryTree): Layer.Layer<Workspace> =>
  Layer.succeed(Workspace, {
    open: (options) => open(tree, options),
    recover: () => Effect.succeed({ finished: [], undone: [], stages: 0 })
  })
