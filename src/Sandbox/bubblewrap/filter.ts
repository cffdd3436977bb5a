import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { type Architecture, architectures } from "../SeccompProfile.ts"
import type { ProfileName } from "../Template.ts"
import { compileFilter } from "./compileFilter.ts"

/** Set by the build of the command: code in base64 by the processor and the SHA-256 (hex) of the two texts it is compiled from. */
declare const FLUFFY_FILTERS: Readonly<Record<string, string>> | undefined

const read = (name: string) => readFileSync(join(packageRoot, "seccomp", name), "utf8")

const isKnown = (name: string): name is Architecture => name in architectures

const prepared = (profile: string, syscalls: string, architecture: Architecture): Uint8Array | undefined => {
  if (typeof FLUFFY_FILTERS === "undefined") return undefined
  const key = `${architecture} ${createHash("sha256").update(profile).update(syscalls).digest("hex")}`
  return Object.hasOwn(FLUFFY_FILTERS, key) ? new Uint8Array(Buffer.from(FLUFFY_FILTERS[key]!, "base64")) : undefined
}

const compiled = new Map<ProfileName, Uint8Array>()

/** A profile of `seccomp/` as code for this processor; compiled once. Throws when its file is broken or the processor is unknown. */
export const filterOf = (profile: ProfileName): Uint8Array => {
  const known = compiled.get(profile)
  if (known !== undefined) return known
  if (!isKnown(process.arch)) throw new Error(`there is no seccomp filter for ${process.arch} processors`)
  const texts = [read(`${profile}.json`), read("syscalls.json"), process.arch] as const
  const filter = prepared(...texts) ?? compileFilter(...texts)
  compiled.set(profile, filter)
  return filter
}
