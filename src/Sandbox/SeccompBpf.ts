import { type Architecture, architectures, type Condition, rulesByNumber, verdict } from "./SeccompProfile.ts"
import type { Rule, SeccompProfile } from "./SeccompProfile.ts"

/** One instruction of classic BPF: `jt` and `jf` count the instructions skipped (linux/filter.h, `struct sock_filter`). */
type Instruction = readonly [code: number, jt: number, jf: number, k: number]

const LD = 0x20
const JA = 0x05
const JEQ = 0x15
const JGT = 0x25
const JGE = 0x35
const AND = 0x54
const RET = 0x06

/** Offsets in `struct seccomp_data`. */
const NUMBER = 0
const ARCH = 4
const argument = (index: number) => 16 + 8 * index

const X32 = 0x40000000
const ENOSYS = 38
const MAX_INSTRUCTIONS = 4096

const give = (value: number): Instruction => [RET, 0, 0, value]

/** A jump to the end of the rule, patched when its length is known. */
const MISS = 255

const halves = (value: number) => [value % 2 ** 32, Math.floor(value / 2 ** 32)] as const

/** Goes on after its last instruction when the condition holds, else jumps to MISS. */
const test = (condition: Condition): ReadonlyArray<Instruction> => {
  const low = argument(condition.index)
  const high = low + 4
  const [valueLow, valueHigh] = halves(condition.value)
  switch (condition.op) {
    case "SCMP_CMP_EQ":
      return [[LD, 0, 0, high], [JEQ, 0, MISS, valueHigh], [LD, 0, 0, low], [JEQ, 0, MISS, valueLow]]
    case "SCMP_CMP_NE":
      return [[LD, 0, 0, high], [JEQ, 0, 2, valueHigh], [LD, 0, 0, low], [JEQ, MISS, 0, valueLow]]
    case "SCMP_CMP_GE":
    case "SCMP_CMP_GT": {
      const compare = condition.op === "SCMP_CMP_GE" ? JGE : JGT
      return [
        [LD, 0, 0, high],
        [JGT, 3, 0, valueHigh],
        [JEQ, 0, MISS, valueHigh],
        [LD, 0, 0, low],
        [compare, 0, MISS, valueLow]
      ]
    }
    case "SCMP_CMP_LT":
    case "SCMP_CMP_LE": {
      const beyond = condition.op === "SCMP_CMP_LT" ? JGE : JGT
      return [
        [LD, 0, 0, high],
        [JGT, MISS, 0, valueHigh],
        [JEQ, 0, 2, valueHigh],
        [LD, 0, 0, low],
        [beyond, MISS, 0, valueLow]
      ]
    }
    case "SCMP_CMP_MASKED_EQ": {
      const [wantedLow, wantedHigh] = halves(condition.valueTwo ?? 0)
      const lower: ReadonlyArray<Instruction> = [[LD, 0, 0, low], [AND, 0, 0, valueLow], [JEQ, 0, MISS, wantedLow]]
      if (valueHigh === 0 && wantedHigh === 0) return lower
      return [[LD, 0, 0, high], [AND, 0, 0, valueHigh], [JEQ, 0, MISS, wantedHigh], ...lower]
    }
  }
}

const block = (rule: Rule): ReadonlyArray<Instruction> => {
  const code = [...rule.conditions.flatMap(test), give(rule.verdict)]
  return code.map(([op, jt, jf, k], at): Instruction => {
    const end = code.length - at - 1
    if (end >= MISS) throw new Error("seccomp: a rule is too long")
    return [op, jt === MISS ? end : jt, jf === MISS ? end : jf, k]
  })
}

/** Call numbers from `from` up to the next range share this code. */
interface Range {
  readonly from: number
  readonly code: ReadonlyArray<Instruction>
}

const ranges = (profile: SeccompProfile, numbers: Readonly<Record<string, number>>): ReadonlyArray<Range> => {
  const rules = rulesByNumber(profile, numbers)
  const otherwise = give(verdict(profile.defaultAction, profile.defaultErrnoRet))
  const codeOf = (number: number): ReadonlyArray<Instruction> => {
    const list = rules.get(number)
    if (list === undefined) return [otherwise]
    const general = list.find((rule) => rule.conditions.length === 0)
    return general === undefined ? [...list.flatMap(block), otherwise] : [give(general.verdict)]
  }
  const beyond = Math.max(...Object.values(numbers)) + 1
  const all = Array.from({ length: beyond }, (_, number): Range => ({ from: number, code: codeOf(number) }))
  all.push({ from: beyond, code: [give(verdict("SCMP_ACT_ERRNO", ENOSYS))] })
  return all.filter(({ code }, at) => at === 0 || !same(code, all[at - 1]!.code))
}

const same = (left: ReadonlyArray<Instruction>, right: ReadonlyArray<Instruction>): boolean =>
  left.length === right.length && left.every((one, at) => one.every((value, part) => value === right[at]![part]))

const search = (list: ReadonlyArray<Range>): ReadonlyArray<Instruction> => {
  if (list.length === 1) return list[0]!.code
  const middle = list.length >> 1
  const below = search(list.slice(0, middle))
  const above = search(list.slice(middle))
  const from = list[middle]!.from
  // A conditional jump reaches 255 instructions, JA any number.
  return below.length <= 255
    ? [[JGE, below.length, 0, from], ...below, ...above]
    : [[JGE, 0, 1, from], [JA, 0, 0, below.length], ...below, ...above]
}

/** What every call of a process under `profile` runs first: code for the kernel (`SECCOMP_SET_MODE_FILTER`), little-endian. */
export const compile = (
  profile: SeccompProfile,
  architecture: Architecture,
  numbers: Readonly<Record<string, number>>
): Uint8Array => {
  const { audit, profile: name } = architectures[architecture]
  if (!profile.archMap.some((map) => map.architecture === name)) throw new Error(`seccomp: no rules for ${name}`)
  const kill = give(verdict("SCMP_ACT_KILL_PROCESS"))
  const program: ReadonlyArray<Instruction> = [
    [LD, 0, 0, ARCH],
    [JEQ, 1, 0, audit],
    kill,
    [LD, 0, 0, NUMBER],
    ...(architecture === "x64" ? [[JGE, 0, 1, X32] as const, kill] : []),
    ...search(ranges(profile, numbers))
  ]
  if (program.length > MAX_INSTRUCTIONS) {
    throw new Error(`seccomp: ${program.length} instructions, the kernel takes 4096`)
  }
  const bytes = new DataView(new ArrayBuffer(program.length * 8))
  for (const [at, [code, jt, jf, k]] of program.entries()) {
    bytes.setUint16(at * 8, code, true)
    bytes.setUint8(at * 8 + 2, jt)
    bytes.setUint8(at * 8 + 3, jf)
    bytes.setUint32(at * 8 + 4, k >>> 0, true)
  }
  return new Uint8Array(bytes.buffer)
}
