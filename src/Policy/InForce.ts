import { createHash } from "node:crypto"
import type { PolicyWarning } from "./parseRules.ts"
import type { PolicyLoadFailed } from "./PolicyError.ts"
import type { RuleLayer } from "./Rule.ts"

/** One file of a set: `sha256` (hex) of its text, the user id of its owner, and when it was written (ms since the epoch). */
export interface PolicySource {
  readonly layer: RuleLayer
  readonly file: string
  readonly sha256: string
  readonly uid: number
  readonly modifiedMs: number
}

/**
 * Which set decides now: `digest` (SHA-256, hex) stands for its files, their layers and their texts. `invalid` says why what lies
 * in the folders now is not it.
 */
export interface InForce {
  readonly digest: string
  readonly rules: number
  readonly files: ReadonlyArray<PolicySource>
  readonly warnings: ReadonlyArray<PolicyWarning>
  readonly invalid?: ReadonlyArray<PolicyLoadFailed>
}

/** The SHA-256 of a text, in hex. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

/** What a set is known by; the order of its files never shows. */
export const digestOf = (files: ReadonlyArray<Pick<PolicySource, "file" | "layer" | "sha256">>): string =>
  sha256(JSON.stringify(files.map(({ file, layer, sha256 }) => [layer, file, sha256].join("\0")).toSorted()))
