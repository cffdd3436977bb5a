import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { standardFilter } from "../../src/Sandbox/bubblewrap/filter.ts"
import { compile } from "../../src/Sandbox/SeccompBpf.ts"
import {
  architectures,
  type Condition,
  rulesByNumber,
  SeccompProfile,
  verdict
} from "../../src/Sandbox/SeccompProfile.ts"
import { answer } from "../support/bpf.ts"

const root = join(import.meta.dirname, "../..")
const read = (name: string) => JSON.parse(readFileSync(join(root, "seccomp", name), "utf8")) as unknown
const standard = Schema.decodeUnknownSync(SeccompProfile)(read("standard.json"))
const tables = read("syscalls.json") as { readonly [name in keyof typeof architectures]: Record<string, number> }

/** The profile read directly, as a person would. */
const holds = ({ index, op, value, valueTwo = 0 }: Condition, args: ReadonlyArray<bigint>): boolean => {
  const [argument, wanted] = [BigInt.asUintN(64, args[index]!), BigInt(value)]
  switch (op) {
    case "SCMP_CMP_EQ":
      return argument === wanted
    case "SCMP_CMP_NE":
      return argument !== wanted
    case "SCMP_CMP_LT":
      return argument < wanted
    case "SCMP_CMP_LE":
      return argument <= wanted
    case "SCMP_CMP_GT":
      return argument > wanted
    case "SCMP_CMP_GE":
      return argument >= wanted
    case "SCMP_CMP_MASKED_EQ":
      return (argument & wanted) === BigInt(valueTwo)
  }
}

const interesting = [
  ...[0n, 1n, 2n, 3n, 10n, 12n, 16n, 17n, 38n, 40n, 0x5411n, 0x5412n, 0x541cn, 0x541dn, 0x15412n, 0x100005412n],
  ...[0xffffffffn, 0x100000000n, 0x10000000n, 0x20000n, 0x7e020000n, 0x11n, 0o20666n, 0o60666n, 0o100644n, 0o10644n],
  ...[0x80001n, 0x80002n, 0x80003n, -1n]
]
const shaped = (number: number, first: bigint) => ({ number, args: [first, 0n, 0n, 0n, 0n, 0n] })

const profileOf = (args: ReadonlyArray<Condition>): SeccompProfile => ({
  defaultAction: "SCMP_ACT_ERRNO",
  archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: [] }],
  syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args }]
})

describe("SeccompProfile", () => {
  for (const architecture of ["x64", "arm64"] as const) {
    const numbers = tables[architecture]
    const { audit } = architectures[architecture]
    const program = compile(standard, architecture, numbers)
    const ask = (name: string, ...args: ReadonlyArray<bigint>) =>
      answer(program, { audit, number: numbers[name]!, args: [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6) })

    it(`compiled for ${architecture}, answers every call as the profile reads`, () => {
      const rules = rulesByNumber(standard, numbers)
      const beyond = Math.max(...Object.values(numbers))
      for (let number = 0; number <= beyond; number++) {
        for (const [at, first] of interesting.entries()) {
          const args = [first, interesting[(at + 7) % interesting.length]!, first === 16n ? 0n : 1n, 0n, 0n, 0n]
          const rule = rules.get(number)?.find((rule) => rule.conditions.every((condition) => holds(condition, args)))
          const wanted = rule?.verdict ?? verdict("SCMP_ACT_ERRNO", 1)
          assert.strictEqual(answer(program, { audit, number, args }), wanted, `${number}(${args.join(", ")})`)
        }
      }
      assert.strictEqual(answer(program, { audit, ...shaped(beyond + 1, 0n) }), verdict("SCMP_ACT_ERRNO", 38))
    })

    it(`compiled for ${architecture}, kills calls of another processor`, () => {
      assert.strictEqual(answer(program, { audit: 0x40000003, ...shaped(numbers["read"]!, 0n) }), 0x80000000)
      const x32 = answer(program, { audit, ...shaped(0x40000000 + numbers["read"]!, 0n) })
      assert.strictEqual(x32, architecture === "x64" ? 0x80000000 : verdict("SCMP_ACT_ERRNO", 38))
    })

    it(`compiled for ${architecture}, allows what programs need and refuses the ways out`, () => {
      const allowed = verdict("SCMP_ACT_ALLOW")
      const refused = verdict("SCMP_ACT_ERRNO", 1)
      assert.strictEqual(ask("openat"), allowed)
      assert.strictEqual(ask("clone", 0x3d0f00n), allowed)
      assert.strictEqual(ask("clone", 0x10000011n), refused)
      assert.strictEqual(ask("clone", 0x20000n), refused)
      assert.strictEqual(ask("clone3"), verdict("SCMP_ACT_ERRNO", 38))
      for (const name of ["ptrace", "io_uring_setup", "bpf", "keyctl", "mount", "unshare", "setns", "userfaultfd"]) {
        assert.strictEqual(ask(name), refused, name)
      }
      assert.strictEqual(ask("socket", 2n, 1n), allowed)
      assert.strictEqual(ask("socket", 2n, 0x80801n), allowed)
      assert.strictEqual(ask("socket", 2n, 3n), refused)
      assert.strictEqual(ask("socket", 17n, 3n), refused)
      assert.strictEqual(ask("socket", 40n, 1n), refused)
      assert.strictEqual(ask("socket", 16n, 3n, 0n), allowed)
      assert.strictEqual(ask("socket", 16n, 3n, 12n), refused)
      assert.strictEqual(ask("ioctl", 0n, 0x5413n), allowed)
      assert.strictEqual(ask("ioctl", 0n, 0x5412n), refused)
      assert.strictEqual(ask("ioctl", 0n, 0x100005412n), refused)
      assert.strictEqual(ask("mknodat", 0n, 0n, 0o20666n), refused)
      assert.strictEqual(ask("mknodat", 0n, 0n, 0o10666n), allowed)
    })
  }

  it("compiles each comparison to what it says, over all 64 bits", () => {
    const operators = ["EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"] as const
    const values = [0, 1, 0x5412, 0xffffffff, 0x100000000, 0x100000001, 0x7fffffff00000000]
    for (const operator of operators) {
      for (const value of values) {
        const condition = { index: 3, op: `SCMP_CMP_${operator}` as const, value, valueTwo: value }
        const program = compile(profileOf([condition]), "x64", { read: 0, write: 1 })
        for (const argument of values.flatMap((value) => [BigInt(value) - 1n, BigInt(value), BigInt(value) + 1n])) {
          const args = [0n, 0n, 0n, argument, 0n, 0n]
          const wanted = verdict(holds(condition, args) ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO", 1)
          assert.strictEqual(
            answer(program, { audit: architectures.x64.audit, number: 0, args }),
            wanted,
            `${argument} ${operator} ${value}`
          )
        }
      }
    }
  })

  it("refuses a profile that libseccomp would read otherwise", () => {
    const both: SeccompProfile = {
      ...profileOf([{ index: 0, op: "SCMP_CMP_EQ", value: 1 }]),
      syscalls: [
        { names: ["read"], action: "SCMP_ACT_ALLOW" },
        { names: ["read"], action: "SCMP_ACT_ERRNO", args: [{ index: 0, op: "SCMP_CMP_EQ", value: 1 }] }
      ]
    }
    assert.throws(() => compile(both, "x64", { read: 0 }), /general rule and a narrower one/)
    assert.throws(() => compile(profileOf([]), "arm64", { read: 63 }), /no rules for SCMP_ARCH_AARCH64/)
  })

  it("names every call of both processors, so that no engine's default decides", () => {
    const named = new Set(standard.syscalls.flatMap((rule) => rule.names))
    const known = [...Object.keys(tables.x64), ...Object.keys(tables.arm64)]
    assert.deepStrictEqual(known.filter((name) => !named.has(name)), [])
  })

  it("ships the profile that its script makes", () => {
    execFileSync(process.execPath, [join(root, "scripts", "seccomp.mjs"), "--check"])
  })

  it("is compiled once for this process", () => {
    assert.strictEqual(standardFilter(), standardFilter())
  })
})
