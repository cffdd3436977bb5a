import type { TestCase } from "../../domain/Verdict.ts"

const start = /^running (\d+) tests?$/
const test = /^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, .*| <[\d.]+s>)?$/
const stillRunning = /^test .+ has been running for over \d+ seconds$/
const end =
  /^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured; \d+ filtered out(?:; finished in .*)?$/
const header = /^---- (.+) stdout ----$/

const statuses = { ok: "passed", FAILED: "failed", ignored: "skipped" } as const

type Case = Pick<TestCase, "name" | "status" | "message">

/** One block, from the line after `running N tests` on; null when its lines and its counts disagree. */
const readBlock = (lines: ReadonlyArray<string>, wanted: number) => {
  const cases: Array<Case> = []
  let at = 0
  for (; at < lines.length && cases.length < wanted; at++) {
    const [, name, status] = test.exec(lines[at]!) ?? []
    if (name !== undefined) cases.push({ name, status: statuses[status as keyof typeof statuses] })
    // Whatever else stands between the tests was not captured by libtest: it may have come from anywhere.
    else if (!stillRunning.test(lines[at]!)) return null
  }
  const messages = new Map<string, string>()
  let current: string | undefined
  let failing = false
  for (; at < lines.length && !end.test(lines[at]!); at++) {
    if (!failing && lines[at] !== "failures:" && lines[at]!.trim() !== "") return null
    failing ||= lines[at] === "failures:"
    const [, name] = header.exec(lines[at]!) ?? []
    if (name !== undefined) current = name
    else if (current !== undefined) messages.set(current, `${messages.get(current) ?? ""}${lines[at]}\n`)
  }
  const count = (status: Case["status"]) => cases.filter((one) => one.status === status).length
  const counts = end.exec(lines[at] ?? "")?.slice(1, 4).map(Number)
  const agree = counts?.join() === [count("passed"), count("failed"), count("skipped")].join()
  if (!agree || new Set(cases.map((one) => one.name)).size !== cases.length) return null
  return {
    cases: cases.map((one) =>
      one.status === "failed" ? { ...one, message: messages.get(one.name)?.trim() ?? "" } : one
    ),
    after: at + 1
  }
}

/** Reads the output of one test program of Rust: its blocks of tests. Null when it is not whole. */
export const readLibtest = (lines: ReadonlyArray<string>): ReadonlyArray<Case> | null => {
  const cases: Array<Case> = []
  for (let at = 0; at < lines.length;) {
    const count = start.exec(lines[at]!)?.[1]
    if (count === undefined) {
      at++
      continue
    }
    const block = readBlock(lines.slice(at + 1), Number(count))
    if (block === null) return null
    cases.push(...block.cases)
    at += 1 + block.after
  }
  return cases
}
