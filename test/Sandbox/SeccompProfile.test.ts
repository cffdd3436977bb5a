import { assert, describe, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { filterOf } from "../../src/Sandbox/bubblewrap/filter.ts"
import { compile } from "../../src/Sandbox/SeccompBpf.ts"
import { architectures, type Condition, SeccompProfile, verdict } from "../../src/Sandbox/SeccompProfile.ts"
import { templates } from "../../src/Sandbox/Template.ts"
import { answer } from "../support/bpf.ts"
import { dockerAllows } from "../support/dockerDefault.ts"
import { holds, readAs } from "../support/seccomp.ts"

const root = join(import.meta.dirname, "../..")
const textOf = (name: string) => readFileSync(join(root, "seccomp", `${name}.json`), "utf8")
const read = (name: string) => JSON.parse(textOf(name)) as unknown
const profile = (name: string) => Schema.decodeUnknownSync(SeccompProfile)(read(name))
const profiles = { strict: profile("strict"), "standard-net": profile("standard-net"), standard: profile("standard") }
const tables = read("syscalls") as { readonly [name in keyof typeof architectures]: Record<string, number> }

const interesting = [
  ...[0n, 1n, 2n, 3n, 10n, 12n, 16n, 17n, 38n, 40n, 0x5411n, 0x5412n, 0x541cn, 0x541dn, 0x15412n, 0x100005412n],
  ...[0xffffffffn, 0x100000000n, 0x10000000n, 0x20000n, 0x7e020000n, 0x11n, 0o20666n, 0o60666n, 0o100644n, 0o10644n],
  ...[0x80001n, 0x80002n, 0x80003n, 5n, 6n, 8n, 136n, 262n, 0x3d0f00n, 0x10000n, -1n]
]
/** Each interesting value as the first argument, with every other as the second and third in turn. */
const samples = interesting.flatMap((first, at) =>
  [0, 3, 7, 12, 19, 26, 33].map((shift) => {
    const other = (n: number) => interesting[(at + shift + n) % interesting.length]!
    return [first, other(1), shift % 2 === 0 ? 0n : other(5), other(9), 0n, 0n]
  })
)
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
    const beyond = Math.max(...Object.values(numbers))
    const allowed = verdict("SCMP_ACT_ALLOW")
    const refused = verdict("SCMP_ACT_ERRNO", 1)

    for (const [name, profile] of Object.entries(profiles)) {
      const program = compile(profile, architecture, numbers)

      it(`${name} compiled for ${architecture} answers every call as it reads`, () => {
        const read = readAs(profile, numbers)
        for (let number = 0; number <= beyond; number++) {
          for (const args of samples) {
            assert.strictEqual(
              answer(program, { audit, number, args }),
              read(number, args),
              `${number}(${args.join()})`
            )
          }
        }
        assert.strictEqual(answer(program, { audit, ...shaped(beyond + 1, 0n) }), verdict("SCMP_ACT_ERRNO", 38))
      })

      it(`${name} compiled for ${architecture} kills calls of another processor`, () => {
        assert.strictEqual(answer(program, { audit: 0x40000003, ...shaped(numbers["read"]!, 0n) }), 0x80000000)
        const x32 = answer(program, { audit, ...shaped(0x40000000 + numbers["read"]!, 0n) })
        assert.strictEqual(x32, architecture === "x64" ? 0x80000000 : verdict("SCMP_ACT_ERRNO", 38))
      })
    }

    const asker = (name: keyof typeof profiles) => {
      const program = compile(profiles[name], architecture, numbers)
      return (call: string, ...args: ReadonlyArray<bigint>) =>
        answer(program, { audit, number: numbers[call]!, args: [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6) })
    }

    for (const name of ["standard", "standard-net"] as const) {
      it(`${name} for ${architecture} allows what programs need and refuses the ways out`, () => {
        const ask = asker(name)
        assert.strictEqual(ask("openat"), allowed)
        assert.strictEqual(ask("clone", 0x3d0f00n), allowed)
        assert.strictEqual(ask("clone", 0x11n), allowed)
        assert.strictEqual(ask("clone", 0x10000011n), refused)
        assert.strictEqual(ask("clone", 0x20000n), refused)
        assert.strictEqual(ask("clone3"), verdict("SCMP_ACT_ERRNO", 38))
        for (const call of ["ptrace", "io_uring_setup", "bpf", "keyctl", "mount", "unshare", "setns", "userfaultfd"]) {
          assert.strictEqual(ask(call), refused, call)
        }
        for (const family of [2n, 10n]) {
          for (const [kind, protocol] of [[1n, 0n], [1n, 6n], [0x80801n, 6n], [2n, 0n], [0x80002n, 17n]] as const) {
            assert.strictEqual(ask("socket", family, kind, protocol), allowed)
          }
          // Raw, packet, SCTP, MPTCP, DCCP, UDP-Lite, ping.
          for (
            const [kind, protocol] of [[3n, 0n], [10n, 0n], [1n, 132n], [1n, 262n], [6n, 33n], [2n, 136n], [
              2n,
              1n
            ]] as const
          ) {
            assert.strictEqual(ask("socket", family, kind, protocol), refused)
          }
        }
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

    it(`standard-net for ${architecture} lets nothing but streams of plain bytes through a socket of the file system`, () => {
      const [standard, net] = [asker("standard"), asker("standard-net")]
      assert.deepStrictEqual([standard("socket", 1n, 2n), net("socket", 1n, 2n)], [allowed, refused])
      assert.deepStrictEqual([standard("socket", 1n, 0x80001n), net("socket", 1n, 0x80001n)], [allowed, allowed])
      const flags = { sendto: 3, recvfrom: 3, sendmsg: 2, recvmsg: 2, sendmmsg: 3, recvmmsg: 3 }
      for (const [call, at] of Object.entries(flags)) {
        const given = (value: bigint) => [0n, 0n, 0n, 0n].map((_, n) => n === at ? value : 0n)
        assert.deepStrictEqual([standard(call, ...given(1n)), net(call, ...given(1n))], [allowed, refused], call)
        assert.strictEqual(net(call, ...given(0x4000n)), allowed, call)
      }
    })

    it(`strict for ${architecture} allows threads and files, and neither children nor sockets`, () => {
      const ask = asker("strict")
      assert.strictEqual(ask("clone", 0x3d0f00n), allowed)
      for (const flags of [0x11n, 0x4111n, 0x1200011n, 0x10000000n, 0x10010000n]) {
        assert.strictEqual(ask("clone", flags), refused, flags.toString(16))
      }
      assert.strictEqual(ask("clone3"), verdict("SCMP_ACT_ERRNO", 38))
      for (const call of ["openat", "read", "write", "mmap", "futex", "execve", "exit_group", "getsockopt"]) {
        assert.strictEqual(ask(call), allowed, call)
      }
      const gone = [
        "connect",
        "bind",
        "listen",
        "accept4",
        "sendmsg",
        "recvmsg",
        "setsid",
        "shmget",
        "mq_open",
        "io_setup"
      ]
      for (
        const call of [...gone, "setuid", "mknodat", "pidfd_open", ...architecture === "x64" ? ["fork", "vfork"] : []]
      ) {
        assert.strictEqual(ask(call), refused, call)
      }
      for (const family of [1n, 2n, 10n, 16n]) assert.strictEqual(ask("socket", family, 1n), refused)
      assert.deepStrictEqual([ask("socketpair", 1n, 0x80801n), ask("socketpair", 1n, 2n)], [allowed, refused])
      assert.deepStrictEqual([ask("sendto"), ask("sendto", 0n, 0n, 0n, 1n)], [allowed, refused])
    })

    it(`each profile for ${architecture} allows less than the next, and all of them less than Docker's default`, () => {
      const [strict, net, standard] = [
        readAs(profiles.strict, numbers),
        readAs(profiles["standard-net"], numbers),
        readAs(profiles.standard, numbers)
      ]
      const allows = { strict: 0, net: 0, standard: 0, docker: 0 }
      for (const [name, number] of Object.entries(numbers)) {
        for (const args of samples) {
          const said = [strict, net, standard].map((read) => read(number, args) === allowed)
          const all = [...said, dockerAllows(name, args, architecture)]
          const first = all.indexOf(true)
          assert.isTrue(first < 0 || !all.slice(first).includes(false), `${name}(${args.join()}): ${all.join()}`)
          for (const [at, key] of (["strict", "net", "standard", "docker"] as const).entries()) {
            if (all[at]) allows[key]++
          }
        }
      }
      const { docker, net: ofNet, standard: ofStandard, strict: ofStrict } = allows
      assert.isTrue(
        0 < ofStrict && ofStrict < ofNet && ofNet < ofStandard && ofStandard < docker,
        JSON.stringify(allows)
      )
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

  it("name every call of both processors, so that no engine's default decides", () => {
    const known = [...Object.keys(tables.x64), ...Object.keys(tables.arm64)]
    for (const profile of Object.values(profiles)) {
      const named = new Set(profile.syscalls.flatMap((rule) => rule.names))
      assert.deepStrictEqual(known.filter((name) => !named.has(name)), [])
    }
  })

  it("ships the profiles that their script makes", () => {
    execFileSync(process.execPath, [join(root, "scripts", "seccomp.mjs"), "--check"])
  })

  it("is compiled once for this process, and is there for every template", () => {
    const filters = Object.values(templates).map(({ profile }) => filterOf(profile))
    assert.strictEqual(new Set(filters).size, 3)
    assert.strictEqual(filterOf("standard"), filterOf("standard"))
  })

  it("takes what the build compiled from these very texts, and compiles what it does not know", async () => {
    const keyOf = (profile: string) =>
      `${process.arch} ${createHash("sha256").update(profile).update(textOf("syscalls")).digest("hex")}`
    const prepared = { [keyOf(textOf("standard"))]: "AAECAw==", [keyOf(`${textOf("strict")} `)]: "AAECAw==" }
    vi.stubGlobal("FLUFFY_FILTERS", prepared)
    vi.resetModules()
    try {
      const fresh = await import("../../src/Sandbox/bubblewrap/filter.ts")
      assert.deepStrictEqual([...fresh.filterOf("standard")], [0, 1, 2, 3])
      assert.deepStrictEqual(fresh.filterOf("strict"), filterOf("strict"))
    } finally {
      vi.unstubAllGlobals()
    }
  })
})
