import { Effect } from "effect"
import { createHash } from "node:crypto"
import { basename, join } from "node:path"
import { packageRoot } from "../internal/PackageRoot.ts"
import { defaultLimits } from "../Sandbox.ts"
import { fileKeys } from "./ConfigFile.ts"
import type { ConfigInvalid } from "./ConfigInvalid.ts"
import { fromEnvironment, headless, layersPlace, userPlaces } from "./environment.ts"
import { defaults, type KernelOptions } from "./KernelOptions.ts"
import { findProject } from "./project.ts"
import { readConfigFile } from "./readConfigFile.ts"
import type { Given, Settings } from "./Settings.ts"
import { tighten } from "./tighten.ts"

/** Where to start from, and what flags say; `headless` is true when nobody is there to answer. */
export interface LoadOptions {
  readonly cwd: string
  readonly flags?: Pick<Given, "model" | "baseUrl" | "mode" | "sandbox" | "image" | "maxTurns" | "maxTokens" | "commit">
  readonly headless?: boolean
}

/** The configuration in force. `warnings` say what a project's file asked for and did not get. */
export interface Loaded {
  readonly options: KernelOptions
  readonly model: string | undefined
  readonly baseUrl: string | undefined
  readonly warnings: ReadonlyArray<string>
}

const base: Settings = { ...defaults, model: "", baseUrl: "" }

/** A user's own file: what is secret or sensitive is added to, so that no default is lost by accident; the rest replaces. */
const withUser = (given: Given): Settings => ({
  ...base,
  ...definedOf(given),
  secrets: [...base.secrets, ...given.secrets ?? []],
  sensitive: [...base.sensitive, ...given.sensitive ?? []],
  limits: { ...base.limits, ...given.limits }
})

const definedOf = (given: Given): Partial<Settings> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))

/** A project's file over the user's: each setting as far as `tighten` lets it. */
const withProject = (
  settings: Settings,
  given: Given
): { readonly settings: Settings; readonly refused: ReadonlyArray<Refused> } => {
  const refused: Array<Refused> = []
  const judge = <Name extends keyof Settings>(name: Name): Settings[Name] => {
    const asked = given[name]
    if (asked === undefined) return settings[name]
    const judged = tighten[name](settings[name], asked as Settings[Name], settings)
    if (judged.refused !== undefined) refused.push({ name, why: judged.refused })
    return judged.value
  }
  const names = Object.keys(tighten) as ReadonlyArray<keyof Settings>
  return { settings: Object.fromEntries(names.map((name) => [name, judge(name)])) as unknown as Settings, refused }
}

/** A folder name for a project: its own name, to be recognised, and a hash of its real path. */
const keyOf = (project: string): string =>
  `${basename(project).replace(/[^\w.-]/g, "_").slice(0, 40)}-${
    createHash("sha256").update(project).digest("hex").slice(0, 16)
  }`

interface Refused {
  readonly name: keyof Settings
  readonly why: string
}

/**
 * The configuration of the project that `cwd` lies in. Highest first: flags, `FLUFFY_*`, the project's `.fluffy/config.yaml` (which
 * can only tighten), the user's `config.yaml`, defaults. Nothing is written.
 */
export const load = Effect.fn("KernelConfig.load")(function*(
  { cwd, flags = {}, headless: nobody = false }: LoadOptions
): Effect.fn.Return<Loaded, ConfigInvalid> {
  const { config, home } = yield* userPlaces
  const project = yield* findProject(cwd, home)
  const projectFile = join(project, ".fluffy/config.yaml")
  const ofUser = config === undefined ? undefined : yield* readConfigFile(join(config, "config.yaml"), "user")
  const ofProject = yield* readConfigFile(projectFile, "project")
  const user = withUser(ofUser?.given ?? {})
  const { refused, settings } = withProject(user, ofProject?.given ?? {})
  const said = { ...definedOf(yield* fromEnvironment), ...definedOf(flags) }
  const { baseUrl, limits, model, ...effective } = { ...settings, ...said }
  return {
    options: {
      ...effective,
      imageBy: effective.image === undefined || (said.image ?? user.image) !== undefined ? "user" : "project",
      project,
      state: join(project, ".fluffy/state"),
      headless: nobody || (yield* headless),
      stage: defaults.stage,
      limits: { ...defaultLimits, ...limits },
      layers: yield* layersPlace,
      grants: config === undefined ? undefined : join(config, "projects", keyOf(project)),
      policies: [
        { layer: "shipped", directory: join(packageRoot, "policies") },
        ...config === undefined ? [] : [{ layer: "user" as const, directory: join(config, "policies") }],
        { layer: "project", directory: join(project, ".fluffy/policies") }
      ]
    },
    model: model === "" ? undefined : model,
    baseUrl: baseUrl === "" ? undefined : baseUrl,
    warnings: refused.map(({ name, why }) =>
      `${projectFile}:${ofProject?.lineOf(fileKeys[name]) ?? 0}: ${fileKeys[name]} is not taken from a project: ${why}`
    )
  }
})
