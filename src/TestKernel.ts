import type { LanguageModel } from "@effect/ai/LanguageModel"
import { Layer } from "effect"
import * as Audit from "./Audit.ts"
import { ToolName } from "./domain/ToolCall.ts"
import * as Kernel from "./Kernel.ts"
import { defaults, type KernelOptions } from "./KernelConfig.ts"
import * as Policy from "./Policy.ts"
import { baselinesNowhere, reportDirectory, reportsInMemory, writeScript } from "./Router.ts"
import * as Sandbox from "./Sandbox.ts"
import * as StateMachine from "./StateMachine.ts"
import * as Workspace from "./Workspace.ts"

/** What a scripted command sees: the stage it may change, and where its test report goes. */
export interface ScriptedRun {
  readonly stage: Workspace.MemoryFiles
  readonly report: (name: string, text: string) => void
}

/**
 * A kernel in memory. `files` is the project, `ignored` are gitignore patterns; `run` answers every command but the kernel's own writes (undefined: the sandbox fails);
 * `rules` default to one that allows everything the built-in rules leave open; `policy` stands in their place.
 */
export interface TestKernelOptions {
  readonly files?: Readonly<Record<string, string>>
  readonly ignored?: ReadonlyArray<string>
  readonly run?: (command: Sandbox.SandboxCommand, scripted: ScriptedRun) => Sandbox.SandboxResult | undefined
  readonly rules?: ReadonlyArray<Policy.Rule>
  readonly policy?: Layer.Layer<Policy.Policy>
  readonly config?: Partial<KernelOptions>
}

/** A kernel in memory and the project it works on. */
export interface TestKernel {
  readonly layer: Layer.Layer<Kernel.Modules | Kernel.Leaves, never, LanguageModel>
  readonly project: Workspace.MemoryFiles
}

const place = "/project"

const openRule: Policy.Rule = {
  name: "all-that-is-left-open",
  effect: "allow",
  match: { action: [...ToolName.literals, "change", "merge", "network.use", "network.connect"] }
}

/** The whole kernel in memory: no container, disk or network. Only the model is asked for. */
export const make = (options: TestKernelOptions = {}): TestKernel => {
  const tree = new Workspace.MemoryTree(options.files, options.ignored)
  const reports = new Map<string, Uint8Array>()
  const config: KernelOptions = {
    ...defaults,
    project: place,
    state: `${place}/.fluffy/state`,
    policies: [],
    ...options.config
  }
  const leaves = Layer.mergeAll(
    Audit.layerMemory,
    options.policy ?? Policy.layerMemory(options.rules ?? [openRule]),
    StateMachine.layerMemory({ classify: StateMachine.makeClassify(config) }),
    Sandbox.layerMemory((command) => answer(command, tree, reports, options.run)),
    Workspace.layerMemory(tree)
  )
  const layer = Kernel.layerWithoutLeaves({
    ...config,
    grep: "literal",
    reports: reportsInMemory(reports),
    baselines: baselinesNowhere
  }).pipe(Layer.provideMerge(leaves))
  return { layer, project: tree.project }
}

const answer = (
  command: Sandbox.SandboxCommand,
  tree: Workspace.MemoryTree,
  reports: Map<string, Uint8Array>,
  run: TestKernelOptions["run"]
): Sandbox.SandboxResult | undefined => {
  const mount = command.mounts.filter((one) => one.mode !== "overlay").find(({ source }) =>
    tree.stage(source) !== undefined
  )
  const stage = mount === undefined ? undefined : tree.stage(mount.source)
  if (mount === undefined || stage === undefined) return undefined
  if (command.args[1] === writeScript) {
    stage.write(String(command.args[3]).slice(mount.target.length + 1), command.stdin ?? new Uint8Array())
    return Sandbox.scripted()
  }
  const report = command.mounts.find(({ target }) => target === reportDirectory)
  const source = report?.mode === "overlay" ? undefined : report?.source
  return run?.(command, {
    stage,
    report: (name, text) => {
      reports.set(`${source}/${name}`, Buffer.from(text))
    }
  })
}

/** The same, where the project is not looked at afterwards. */
export const layer = (options: TestKernelOptions = {}): TestKernel["layer"] => make(options).layer
