import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { newKey, reportersSource, unseal } from "../../../src/Router/Runners.ts"

const values = [{ name: "a", status: "passed", message: "é \u{1f600} \ud800 \n:" }, { name: "b" }, { end: true }]

/** What a reporter prints for `values`, with a line of its own before and after. */
const printed = (command: string, args: ReadonlyArray<string>, key: string): Uint8Array => {
  const ran = spawnSync(command, args, { input: `${key}\n` })
  assert.strictEqual(ran.status, 0, ran.stderr.toString())
  return ran.stdout
}

const bySealCjs = (key: string) =>
  printed(process.execPath, [
    "-e",
    `const { readInput, sealer } = require(${JSON.stringify(join(reportersSource, "seal.cjs"))})
const write = sealer(readInput().trim(), 1)
require("node:fs").writeSync(1, "before, without its end")
for (const value of ${JSON.stringify(values)}) write(value)
require("node:fs").writeSync(1, "after")`
  ], key)

const bySealPy = (key: string) =>
  printed("python3", [
    "-c",
    `import json, os, sys
sys.path.insert(0, ${JSON.stringify(reportersSource)})
import fluffy_seal
write = fluffy_seal.take()
os.write(1, b"before, without its end")
for value in json.loads(${JSON.stringify(JSON.stringify(values))}):
    write(value)
os.write(1, b"after")`
  ], key)

const text = (bytes: Uint8Array | null) => bytes === null ? null : Buffer.from(bytes).toString("utf8")
const encode = (lines: ReadonlyArray<string>) => Buffer.from(lines.join("\n"))
const isMarked = (line: string) => line.includes("\u001ffluffy:")

describe("unseal", () => {
  const key = newKey()
  const whole = bySealCjs(key).toString()
  const lines = whole.split("\n")
  const marked = lines.flatMap((line, at) => isMarked(line) ? [at] : [])

  for (const [name, print] of [["seal.cjs", bySealCjs], ["fluffy_seal.py", bySealPy]] as const) {
    it(`reads what ${name} writes and leaves the rest as output`, () => {
      const { output, problem, report } = unseal(key, print(key))
      assert.isNull(problem)
      assert.deepStrictEqual(text(report)?.trim().split("\n").map((line) => JSON.parse(line)), values)
      assert.match(text(output) ?? "", /^before, without its end\n+after$/)
    })
  }

  it("has no report in what holds none", () => {
    assert.deepStrictEqual(unseal(key, Buffer.from("{\"end\":true}\n")), {
      report: null,
      problem: null,
      output: new TextEncoder().encode("{\"end\":true}\n")
    })
  })

  it("sees every line as forged that another key sealed", () => {
    const { problem, report } = unseal(newKey(), Buffer.from(whole))
    assert.isNull(report)
    assert.match(problem ?? "", /did not write/)
  })

  it("sees a line that is doubled, and any but the last that is missing", () => {
    for (const at of marked) {
      const doubled = [...lines.slice(0, at), lines[at]!, ...lines.slice(at)]
      assert.match(unseal(key, encode(doubled)).problem ?? "", /twice/)
      const without = unseal(key, encode(lines.toSpliced(at, 1)))
      if (at === marked.at(-1)) assert.notInclude(text(without.report), "end")
      else assert.match(without.problem ?? "", /missing/)
    }
  })

  it("sees lines that changed places", () => {
    const [first = 0, second = 0] = marked
    const moved = lines.with(first, lines[second]!).with(second, lines[first]!)
    assert.isNotNull(unseal(key, encode(moved)).problem)
  })

  it("sees a change of any one character of a line", () => {
    fc.assert(
      fc.property(fc.constantFrom(...marked), fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (at, n, c) => {
        const line = lines[at]!
        const place = n % line.length
        if (line[place] === c || c === "\n") return
        const { problem, report } = unseal(
          key,
          encode(lines.with(at, line.slice(0, place) + c + line.slice(place + 1)))
        )
        // A broken mark makes the line one of the output: then its number is missing, or the end is.
        assert.isTrue(problem !== null || text(report)?.includes("end") !== true)
      })
    )
  })

  it("never throws on garbage", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.isNull(unseal(key, Buffer.concat([Buffer.from("\u001ffluffy:"), bytes])).report)
    }))
  })
})
