import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { compile } from "../SeccompBpf.ts"
import { type Architecture, architectures, SeccompProfile } from "../SeccompProfile.ts"

const read = (name: string) => readFileSync(join(packageRoot, "seccomp", name), "utf8")

const decodeProfile = Schema.decodeSync(Schema.parseJson(SeccompProfile))
const decodeTables = Schema.decodeSync(
  Schema.parseJson(
    Schema.Record({ key: Schema.String, value: Schema.Record({ key: Schema.String, value: Schema.Int }) })
  )
)

const isKnown = (name: string): name is Architecture => name in architectures

let compiled: Uint8Array | undefined

/** `seccomp/standard.json` as code for this processor; compiled once. Throws when the files are broken or the processor is unknown. */
export const standardFilter = (): Uint8Array => {
  if (compiled !== undefined) return compiled
  if (!isKnown(process.arch)) throw new Error(`there is no seccomp filter for ${process.arch} processors`)
  compiled = compile(
    decodeProfile(read("standard.json")),
    process.arch,
    decodeTables(read("syscalls.json"))[process.arch]!
  )
  return compiled
}
