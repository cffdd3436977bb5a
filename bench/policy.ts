import { Effect } from "effect"
import { Policy, type PolicyRequest, type Rule } from "../src/Policy.ts"
import * as PolicyService from "../src/Policy.ts"
import { decide } from "../src/Policy/decide.ts"
import { decideWithExtensions } from "../src/Policy/extensions/hear.ts"
import { loadExtension } from "../src/Policy/extensions/loadExtension.ts"
import { make } from "../src/Policy/RuleSet.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const bar = 200_000
const folders = ["src", "lib", "apps", "packages", "services", "tools", "docs", "test", "infra", "web"]

/** Rules as a large company would have them: by folder, by name, by extension, with classes, exceptions, phases and commands. */
const rulesOf = (count: number): ReadonlyArray<Rule> =>
  Array.from({ length: count }, (_, index): Rule => {
    const folder = folders[index % folders.length]!
    const name = `r${index}`
    const action = ["change", "fs.write", "fs.edit"] as const
    switch (index % 6) {
      case 0:
        return { name, effect: "allow", match: { action, path: [`${folder}/m${index}/**`, `${folder}/n${index}/**`] } }
      case 1:
        return {
          name,
          effect: "require_review",
          match: { action, path: [`config${index}.json`, `**/Dockerfile.${index}`] }
        }
      case 2:
        return {
          name,
          effect: "deny",
          match: { action, path: [`*.gen${index}`, `*.k${index}`] },
          except: [{ phase: "planning" }]
        }
      case 3:
        return {
          name,
          effect: "allow",
          match: { action, path: `${folder}/**/m${index}-[0-9]*/*.ts`, phase: ["coding", "green"] }
        }
      case 4:
        return {
          name,
          effect: "deny",
          match: { action: "shell.exec", command: [`tool${index}`, `x${index}`], args: [["run"]] }
        }
      default:
        return { name, effect: "allow", match: { action: "fs.read", path: `/${folder}/f${index}` } }
    }
  })

const requestsOf = (count: number): ReadonlyArray<PolicyRequest> =>
  Array.from({ length: 1_000 }, (_, index): PolicyRequest => {
    const at = (index * 7) % count
    const folder = folders[at % folders.length]!
    const subject = { phase: "coding", mode: "strict" } as const
    switch (index % 5) {
      case 0:
        return { ...subject, action: "change", path: `${folder}/m${at - at % 6}/a/b.ts` }
      case 1:
        return { ...subject, action: "change", path: `${folder}/deep/er/config${at}.json` }
      case 2:
        return { ...subject, action: "fs.write", path: `${folder}/x/m${at}-12/file.ts` }
      case 3:
        return { ...subject, action: "shell.exec", command: `tool${at}`, args: ["run", "--all"] }
      default:
        return { ...subject, action: "fs.read", path: `${folder}/f${at}` }
    }
  })

/** Calls per second, the best of five rounds of about `ms`. */
const rate = (each: ReadonlyArray<PolicyRequest>, call: (request: PolicyRequest) => unknown, ms = 200): number => {
  let best = 0
  let seen = 0
  for (let round = 0; round < 6; round++) {
    const start = performance.now()
    let calls = 0
    while (performance.now() - start < ms) {
      for (const request of each) if (call(request) !== undefined) seen++
      calls += each.length
    }
    if (round > 0) best = Math.max(best, calls / (performance.now() - start) * 1000)
  }
  return seen < 0 ? 0 : best
}

/** The same requests answered from a table that was filled beforehand: what any decision costs at the least. */
const lookups = (requests: ReadonlyArray<PolicyRequest>, answer: (request: PolicyRequest) => unknown): number => {
  const key = (request: PolicyRequest) => `${request.action}\0${request.path ?? ""}\0${request.command ?? ""}`
  const table = new Map(requests.map((request) => [key(request), answer(request)]))
  return rate(requests, (request) => table.get(key(request)))
}

const row = (what: string, reference: number, figure: number, least: number | undefined): BenchRow => ({
  what,
  reference,
  figure,
  ratio: figure / reference,
  bar: least === undefined ? "for information" : `> ${least.toLocaleString("en-US")} /s`,
  unit: "/s",
  ok: least === undefined || figure > least
})

const program = `export default ({ path }) =>
  path?.startsWith("db/migrations/") === true ? { effect: "require_review", reason: "a migration" } : undefined`

const load = (index: number) =>
  Effect.map(loadExtension({ layer: "user", file: `e${index}.js` }, program), ({ extension }) => extension)

/** Decisions per second with extensions, each decision an Effect that is waited for; the best of three rounds. */
const extended = async (requests: ReadonlyArray<PolicyRequest>, count: number): Promise<number> => {
  const extensions = await Effect.runPromise(Effect.forEach(Array.from({ length: count }, (_, index) => index), load))
  const set = make(rulesOf(10).map((rule) => ({ layer: "user" as const, rule })), undefined, extensions)
  let best = 0
  for (let round = 0; round < 4; round++) {
    const start = performance.now()
    await Effect.runPromise(
      Effect.forEach(requests, (request) => decideWithExtensions(set, request), { discard: true })
    )
    if (round > 0) best = Math.max(best, requests.length / (performance.now() - start) * 1000)
  }
  return best
}

/** Policy decisions per second with one extension and with ten, beside the same rules without one. */
const withExtensions = async (): Promise<ReadonlyArray<BenchRow>> => {
  const requests = requestsOf(10)
  const without = await extended(requests, 0)
  const rows: Array<BenchRow> = []
  for (const count of [1, 10]) {
    const what = `policy decision, ${count} extension${count === 1 ? "" : "s"}`
    rows.push(row(what, without, await extended(requests, count), undefined))
  }
  return rows
}

/** Policy decisions per second at 10, 1,000 and 10,000 rules, beside bare table look-ups; then with extensions. */
export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const rows: Array<BenchRow> = []
  for (const count of [10, 1_000, 10_000]) {
    const requests = requestsOf(count)
    const set = make(rulesOf(count).map((rule) => ({ layer: "user" as const, rule })))
    const pure = (request: PolicyRequest) => decide(set, request)
    const reference = lookups(requests, pure)
    const rules = `${count.toLocaleString("en-US")} rules`
    rows.push(row(`policy decision, ${rules}`, reference, rate(requests, pure), count === 1_000 ? bar : undefined))
    if (count !== 1_000) continue
    const service = await Effect.runPromise(Effect.provide(Policy, PolicyService.layerMemory(rulesOf(count))))
    const asked = rate(requests, (request) => Effect.runSync(service.decide(request)))
    rows.push(row(`policy decision, ${rules}, as an Effect`, reference, asked, undefined))
  }
  return [...rows, ...await withExtensions()]
}

if (isMain(import.meta.url)) process.exitCode = print(await run()) ? 0 : 1
