import type { Limits } from "../Sandbox.ts"
import type { KernelOptions } from "./KernelOptions.ts"

/** What files, variables and flags may set. */
export interface Settings extends
  Pick<
    KernelOptions,
    | "mode"
    | "sandbox"
    | "image"
    | "baseImage"
    | "projectImage"
    | "maxTurns"
    | "maxTokens"
    | "commit"
    | "tests"
    | "exempt"
    | "secrets"
    | "sensitive"
    | "maxChangedLines"
    | "necessity"
    | "necessityBudget"
    | "runners"
    | "network"
    | "registries"
  >
{
  readonly model: string
  readonly baseUrl: string
  readonly limits: Partial<Limits>
}

/** What one source says: nothing of what it leaves out. */
export type Given = { readonly [Name in keyof Settings]?: Settings[Name] | undefined }
