import { Schema } from "effect"

/** What an engine does with a call. */
const Action = Schema.Literal(
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_LOG",
  "SCMP_ACT_TRAP"
)

/** One condition on an argument; `SCMP_CMP_MASKED_EQ` means `argument & value === valueTwo`. */
export const Condition = Schema.Struct({
  index: Schema.Int.pipe(Schema.between(0, 5)),
  value: Schema.NonNegativeInt,
  valueTwo: Schema.optional(Schema.NonNegativeInt),
  op: Schema.Literal(
    "SCMP_CMP_EQ",
    "SCMP_CMP_NE",
    "SCMP_CMP_LT",
    "SCMP_CMP_LE",
    "SCMP_CMP_GT",
    "SCMP_CMP_GE",
    "SCMP_CMP_MASKED_EQ"
  )
})
export type Condition = typeof Condition.Type

/** A seccomp profile in the form Docker, Podman and the OCI runtimes read (libseccomp's names). */
export const SeccompProfile = Schema.Struct({
  defaultAction: Action,
  defaultErrnoRet: Schema.optional(Schema.NonNegativeInt),
  archMap: Schema.Array(Schema.Struct({ architecture: Schema.String, subArchitectures: Schema.Array(Schema.String) })),
  syscalls: Schema.Array(Schema.Struct({
    names: Schema.Array(Schema.String),
    action: Action,
    errnoRet: Schema.optional(Schema.NonNegativeInt),
    args: Schema.optional(Schema.Array(Condition)),
    comment: Schema.optional(Schema.String)
  }))
})
export type SeccompProfile = typeof SeccompProfile.Type

/** The processors a filter can be compiled for, by Node's names. */
export const architectures = {
  x64: { profile: "SCMP_ARCH_X86_64", audit: 0xc000003e },
  arm64: { profile: "SCMP_ARCH_AARCH64", audit: 0xc00000b7 }
} as const
export type Architecture = keyof typeof architectures

/** A call's verdict when all conditions hold; `verdict` is the kernel's SECCOMP_RET_* value (linux/seccomp.h). */
export interface Rule {
  readonly conditions: ReadonlyArray<Condition>
  readonly verdict: number
}

const EPERM = 1

/** The kernel's return value for an action; an errno lies in its low 16 bits. */
export const verdict = (action: typeof Action.Type, errno = EPERM): number => {
  switch (action) {
    case "SCMP_ACT_ALLOW":
      return 0x7fff0000
    case "SCMP_ACT_LOG":
      return 0x7ffc0000
    case "SCMP_ACT_ERRNO":
      return 0x00050000 | (errno & 0xffff)
    case "SCMP_ACT_TRAP":
      return 0x00030000
    case "SCMP_ACT_KILL_PROCESS":
      return 0x80000000
    case "SCMP_ACT_KILL":
    case "SCMP_ACT_KILL_THREAD":
      return 0
  }
}

/**
 * The rules of each call number, by the engines' reading: conditions of one rule are ANDed unless they name an argument twice, then
 * each is a rule of its own; names unknown to `numbers` do not exist on this processor. Throws where libseccomp would drop a rule.
 */
export const rulesByNumber = (
  profile: SeccompProfile,
  numbers: Readonly<Record<string, number>>
): ReadonlyMap<number, ReadonlyArray<Rule>> => {
  const rules = new Map<number, Array<Rule>>()
  for (const entry of profile.syscalls) {
    const conditions = entry.args ?? []
    const repeated = new Set(conditions.map((condition) => condition.index)).size !== conditions.length
    const kernel = verdict(entry.action, entry.errnoRet)
    const entries = repeated
      ? conditions.map((condition) => ({ conditions: [condition], verdict: kernel }))
      : [{ conditions, verdict: kernel }]
    for (const name of entry.names) {
      const number = numbers[name]
      if (number === undefined) continue
      rules.set(number, [...(rules.get(number) ?? []), ...entries])
    }
  }
  for (const [number, list] of rules) {
    const general = list.find((rule) => rule.conditions.length === 0)
    if (general !== undefined && list.some((rule) => rule.verdict !== general.verdict)) {
      throw new Error(`seccomp: call ${number} has a general rule and a narrower one that disagree`)
    }
  }
  return rules
}
