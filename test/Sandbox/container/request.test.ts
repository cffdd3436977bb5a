import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { spawnSync } from "node:child_process"
import { factsOf } from "../../../src/Sandbox/container/EngineFacts.ts"
import { parkedProcess } from "../../../src/Sandbox/container/firstProcess.ts"
import { newline, requestLine } from "../../../src/Sandbox/container/request.ts"
import { command } from "../../support/sandbox.ts"

const facts = factsOf({}, "Docker/20.10.24 (linux)")
const hard = [
  "",
  "'",
  "a'b\"c`$(touch /tmp/no)$HOME\\",
  "\n",
  "line\n\n",
  "é\n",
  "Á\u0081\u0085 \u{1f600}\n\n",
  "\u0001\u0002\u007f%s\\n\\0101\r\t",
  "-n",
  "--",
  "*",
  "~",
  "# x",
  "$_fluffy_newline"
]

/** Runs it as a parked container's shell would, on this machine. */
const spawned = (shell: string, given: ReturnType<typeof command>) => {
  const [, ...args] = parkedProcess(given, facts)
  const { status, stdout } = spawnSync(shell, args, {
    input: Buffer.concat([Buffer.from(requestLine(given)!), given.stdin ?? new Uint8Array()]),
    env: { HOME: "/tmp", PATH: "/usr/bin:/bin", LANG: "C.UTF-8" }
  })
  return { status, out: stdout.toString("latin1") }
}

const printed = (args: ReadonlyArray<string>) =>
  `\u0006${Buffer.from(args.map((arg) => `${arg}\0`).join("")).toString("latin1")}`

describe.each(["/bin/dash", "/bin/bash"])("Sandbox/container/request in %s", (shell) => {
  it("hands over every argument byte for byte", () => {
    const args = fc.array(fc.oneof(fc.constantFrom(...hard), fc.string({ unit: "binary", maxLength: 40 })), {
      minLength: 1,
      maxLength: 8
    }).map((args) => args.map((arg) => arg.replaceAll("\0", "")))
    fc.assert(
      fc.property(args, (args) => {
        const { out, status } = spawned(shell, command(["printf", "%s\\0", ...args]))
        assert.deepStrictEqual([status, out], [0, printed(args)])
      }),
      { numRuns: 30, examples: [[hard]] }
    )
  })

  it("leaves standard input to the command, to the last byte", () => {
    const stdin = new Uint8Array(300_000).map((_, at) => at % 253)
    const { out } = spawned(shell, command(["cat"], { stdin }))
    assert.strictEqual(out, `\u0006${Buffer.from(stdin).toString("latin1")}`)
    assert.strictEqual(spawned(shell, command(["cat"])).out, "\u0006")
  })

  it("begins nothing where there is no such directory, or no request", () => {
    const nowhere = spawned(shell, command(["echo", "x"], { cwd: "/no/such" }))
    assert.deepStrictEqual([nowhere.status, nowhere.out], [125, ""])
    const [, ...args] = parkedProcess(command(["echo", "x"]), facts)
    const { status, stdout } = spawnSync(shell, args, { input: "", env: { HOME: "/tmp", PATH: "/usr/bin:/bin" } })
    assert.deepStrictEqual([status, stdout.toString()], [125, ""])
  })

  it("leaves no variable of its own, and the working directory as if it had been made there", () => {
    const { out } = spawned(shell, command(["env"], { cwd: "/usr/lib" }))
    const names = out.slice(1).trim().split("\n").map((line) => line.split("=")[0])
    assert.include(out, "PWD=/usr/lib\n")
    assert.deepStrictEqual(names.filter((name) => !["SHLVL", "_"].includes(name!)).sort(), [
      "HOME",
      "LANG",
      "PATH",
      "PWD"
    ])
  })
})

describe("Sandbox/container/request", () => {
  it("is not made for a command that the shell would be long about, or whose environment is its own", () => {
    assert.isUndefined(requestLine(command(["echo", "x".repeat(20_000)])))
    assert.isUndefined(requestLine(command(["echo"], { env: { [newline]: "x" } })))
    assert.match(requestLine(command(["echo", "a\nb"]))!, /^[\x20-\x7e]*\n$/)
  })
})
