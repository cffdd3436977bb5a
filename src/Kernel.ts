import type { LanguageModel } from "@effect/ai/LanguageModel"
import { Layer } from "effect"
import { join } from "node:path"
import * as Agent from "./Agent.ts"
import type { Audit, AuditFailed } from "./Audit.ts"
import * as AuditSql from "./Audit/Sql.ts"
import { type KernelOptions, sealedPlaces } from "./KernelConfig.ts"
import * as Orchestrator from "./Orchestrator.ts"
import type { Policy, PolicyLoadFailed } from "./Policy.ts"
import * as PolicyYaml from "./Policy/Yaml.ts"
import * as Router from "./Router.ts"
import { type Dialing, publicDialing, type Sandbox, type SandboxUnavailable, sweepNetworks } from "./Sandbox.ts"
import * as SandboxAuto from "./Sandbox/Auto.ts"
import { makeClassify, type StateMachine, type StateMachineFailed } from "./StateMachine.ts"
import * as StateMachineSql from "./StateMachine/Sql.ts"
import type { Workspace } from "./Workspace.ts"
import * as Disk from "./Workspace/Disk.ts"

/** The leaves: what an embedding app can replace one by one. */
export type Leaves = Audit | Policy | Sandbox | StateMachine | Workspace

/** What is composed of them. */
export type Modules = Agent.Agent | Orchestrator.Orchestrator | Router.Router

/** Why a kernel does not start. */
export type KernelFailed = AuditFailed | PolicyLoadFailed | SandboxUnavailable | StateMachineFailed

/** The kernel over leaves and a model of one's own. */
export const layerWithoutLeaves = (
  options: KernelOptions & Partial<Pick<Router.RouterOptions, "baselines" | "grep" | "reports">> & {
    readonly dialing?: Dialing
  }
): Layer.Layer<Modules, never, Leaves | LanguageModel> =>
  Orchestrator.layer({
    project: options.project,
    secrets: options.secrets,
    sensitive: options.sensitive,
    maxChangedLines: options.maxChangedLines,
    necessity: options.necessity,
    maxFileBytes: options.limits.fileBytes,
    timeoutMs: options.limits.timeoutMs
  }).pipe(
    Layer.provideMerge(Layer.mergeAll(
      Agent.layer(),
      Router.layer({
        classify: makeClassify(options),
        limits: options.limits,
        runners: options.runners,
        grep: options.grep ?? "ripgrep",
        reports: options.reports ?? Router.reportsOnDisk,
        baselines: options.baselines ?? Router.baselinesOnDisk(join(options.state, "baselines")),
        necessity: { rule: options.necessity, budgetMs: options.necessityBudget },
        network: { hosts: options.network, dialing: options.dialing ?? publicDialing },
        layers: options.layers === undefined ? undefined : Router.layersOnDisk(options.layers),
        registries: options.registries
      })
    ))
  )

/** The leaves as layers of their own, to put another in the place of one. */
export interface LeafLayers {
  readonly audit: Layer.Layer<Audit, AuditFailed>
  readonly stateMachine: Layer.Layer<StateMachine, StateMachineFailed>
  readonly policy: Layer.Layer<Policy, PolicyLoadFailed>
  readonly sandbox: Layer.Layer<Sandbox, SandboxUnavailable>
  readonly workspace: Layer.Layer<Workspace>
}

/** The real leaves: SQLite logs below `state`, YAML rules, a sandbox runtime, a stage on this machine; those given replace one each. */
export const layerLeaves = (
  options: KernelOptions,
  replaced: Partial<LeafLayers> = {}
): Layer.Layer<Leaves, KernelFailed> =>
  Layer.mergeAll(
    replaced.audit ?? AuditSql.layer({ file: join(options.state, "audit.db") }),
    replaced.stateMachine ??
      StateMachineSql.layer({ file: join(options.state, "state.db"), classify: makeClassify(options) }),
    replaced.policy ??
      PolicyYaml.layer({
        directories: options.policies,
        project: options.project,
        sealed: sealedPlaces(options),
        grants: options.grants
      }),
    replaced.sandbox ?? SandboxAuto.layerConfig(options),
    replaced.workspace ?? Disk.layer({ state: options.state, form: options.stage }),
    Layer.effectDiscard(sweepNetworks),
    Layer.effectDiscard(Router.sweepReports),
    ...options.layers === undefined ? [] : [Layer.effectDiscard(Router.sweepLayers(options.layers))]
  )

/** The whole kernel; it asks for a model and nothing else. */
export const layer = (options: KernelOptions): Layer.Layer<Modules | Leaves, KernelFailed, LanguageModel> =>
  layerWithoutLeaves(options).pipe(Layer.provideMerge(layerLeaves(options)))
