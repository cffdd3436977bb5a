import { Schema } from "effect"
import { compile } from "../SeccompBpf.ts"
import { type Architecture, SeccompProfile } from "../SeccompProfile.ts"

const Tables = Schema.Record({ key: Schema.String, value: Schema.Record({ key: Schema.String, value: Schema.Int }) })

/** A profile as code for a processor, from the texts of the profile and of `syscalls.json`. Throws when one of them is broken. */
export const compileFilter = (profile: string, syscalls: string, architecture: Architecture): Uint8Array => {
  const tables = Schema.decodeSync(Schema.parseJson(Tables))(syscalls)
  return compile(Schema.decodeSync(Schema.parseJson(SeccompProfile))(profile), architecture, tables[architecture]!)
}
