import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { compile } from "../SeccompBpf.ts"
import { type Architecture, architectures, SeccompProfile } from "../SeccompProfile.ts"
import type { ProfileName } from "../Template.ts"

const read = (name: string) => readFileSync(join(packageRoot, "seccomp", name), "utf8")

const decodeProfile = Schema.decodeSync(Schema.parseJson(SeccompProfile))
const decodeTables = Schema.decodeSync(
  Schema.parseJson(
    Schema.Record({ key: Schema.String, value: Schema.Record({ key: Schema.String, value: Schema.Int }) })
  )
)

const isKnown = (name: string): name is Architecture => name in architectures

const compiled = new Map<ProfileName, Uint8Array>()

/** A profile of `seccomp/` as code for this processor; compiled once. Throws when its file is broken or the processor is unknown. */
export const filterOf = (profile: ProfileName): Uint8Array => {
  const known = compiled.get(profile)
  if (known !== undefined) return known
  if (!isKnown(process.arch)) throw new Error(`there is no seccomp filter for ${process.arch} processors`)
  const tables = decodeTables(read("syscalls.json"))
  const filter = compile(decodeProfile(read(`${profile}.json`)), process.arch, tables[process.arch]!)
  compiled.set(profile, filter)
  return filter
}
