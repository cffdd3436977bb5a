import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { maxReportBytes } from "./reportText.ts"

/** What a run printed, told apart: its report's lines, what is wrong with their seals, and all the rest. */
export interface Unsealed {
  readonly report: Uint8Array | null
  readonly problem: string | null
  readonly output: Uint8Array
}

/** A secret for one run. The runner gets it on standard input and reads it before any code of the project runs. */
export const newKey = (): string => randomBytes(32).toString("hex")

const mark = "\u001ffluffy:"
const shape = /^\u001ffluffy:(0|[1-9]\d{0,8}):([0-9a-f]{64}):(.*)$/s

const isSealed = (key: string, number: string, mac: string, json: string) =>
  timingSafeEqual(createHmac("sha256", key).update(`${number}:${json}`).digest(), Buffer.from(mac, "hex"))

/**
 * Finds the lines that `reporters/seal.cjs` and `fluffy_seal.py` write among all that was printed. Lines can be added to standard output
 * but none can be taken back: one that is forged, missing, doubled or moved shows.
 */
export const unseal = (key: string, stdout: Uint8Array): Unsealed => {
  const lines = new TextDecoder().decode(stdout).split("\n")
  const output: Array<string> = []
  const report: Array<string> = []
  let problem: string | null = null
  for (const line of lines) {
    if (!line.includes(mark)) {
      output.push(line)
      continue
    }
    // Each sealed line starts on a line of its own, whatever was printed before it.
    if (output.at(-1) === "") output.pop()
    const [, number = "", mac = "", json] = shape.exec(line) ?? []
    if (json === undefined || !isSealed(key, number, mac, json)) {
      problem ??= "what was printed holds a report line that the test runner did not write"
    } else if (Number(number) !== report.length) problem ??= "a line of the report is missing or comes twice"
    else report.push(json)
  }
  const text = report.map((json) => `${json}\n`).join("")
  return {
    report: report.length === 0 ? null : new TextEncoder().encode(text).subarray(0, maxReportBytes + 1),
    problem,
    output: new TextEncoder().encode(output.join("\n"))
  }
}
