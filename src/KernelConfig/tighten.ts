import { covers, type NetworkHost, show } from "../domain/NetworkHost.ts"
import type { Limits } from "../Sandbox.ts"
import type { Settings } from "./Settings.ts"

/** What a project's file may have of what it asks for: the value in force then, and why the rest was refused. */
export interface Judgement<A> {
  readonly value: A
  readonly refused?: string
}

/** `user` is everything that was in force before the project had a say. */
type Judge<A> = (base: A, asked: A, user: Settings) => Judgement<A>

const never = (why: string) => <A>(base: A): Judgement<A> => ({ value: base, refused: why })

const ranked = <A extends string>(loosestLast: ReadonlyArray<A>): Judge<A> => (base, asked) =>
  loosestLast.indexOf(asked) <= loosestLast.indexOf(base)
    ? { value: asked }
    : { value: base, refused: `${asked} is looser than ${base}` }

const lower = (base: number, asked: number): Judgement<number> =>
  asked <= base ? { value: asked } : { value: base, refused: `${asked} is more than the ${base} in force` }

const split = (asked: ReadonlyArray<string>, may: (pattern: string) => boolean) => ({
  taken: asked.filter(may),
  refused: asked.filter((pattern) => !may(pattern))
})

const refusal = (patterns: ReadonlyArray<string>, why: string) =>
  patterns.length === 0 ? {} : { refused: `${patterns.map((pattern) => JSON.stringify(pattern)).join(", ")} ${why}` }

const added = (may: (pattern: string) => boolean, why: string): Judge<ReadonlyArray<string>> => (base, asked) => {
  const { refused, taken } = split(asked, may)
  return { value: [...base, ...taken.filter((pattern) => !base.includes(pattern))], ...refusal(refused, why) }
}

const isPlain = (pattern: string) => !pattern.startsWith("!")

// A pattern that took sources in would let them be written before any test: one name in it must speak of tests, in plain letters.
const speaksOfTests = (pattern: string) =>
  isPlain(pattern) && pattern.split("/").some((name) => !/[[\]\\]/.test(name) && /test|spec/i.test(name))

const reduced: Judge<ReadonlyArray<string>> = (base, asked) => {
  const { refused, taken } = split(asked, (pattern) => !isPlain(pattern) || base.includes(pattern))
  return {
    value: [
      ...base.filter((pattern) => !isPlain(pattern) || taken.includes(pattern)),
      ...taken.filter((p) => !isPlain(p))
    ],
    ...refusal(refused, "would exempt more files from test-first")
  }
}

const limits: Judge<Partial<Limits>> = (base, asked) => {
  const value: Record<string, number> = { ...base }
  const refused: Array<string> = []
  for (const [name, amount] of Object.entries(asked)) {
    const judged = lower(value[name] ?? Number.POSITIVE_INFINITY, amount)
    value[name] = judged.value
    if (judged.refused !== undefined) refused.push(`${name}: ${judged.refused}`)
  }
  return { value, ...(refused.length === 0 ? {} : { refused: refused.join("; ") }) }
}

/** What both lists name: a project narrows what its user has opened, and opens nothing. */
const narrowed: Judge<ReadonlyArray<NetworkHost>> = (base, asked) => {
  const taken = asked.filter((host) => base.some((open) => covers(open, host)))
  const below = base.filter((host) => !taken.includes(host) && asked.some((open) => covers(open, host)))
  const refused = asked.filter((host) => !taken.includes(host) && !below.some((open) => covers(host, open)))
  return {
    value: [...taken, ...below.filter((host) => !taken.some((other) => covers(other, host)))],
    ...refusal(refused.map(show), "may not be opened by a project: only your own config.yaml opens hosts")
  }
}

/**
 * What "tighten" means for each setting of a project's file, against what the user's file or the defaults say. Runners are taken as
 * they are: they run in the sandbox. A model or an address of the project's would send code and keys where its author wants.
 */
export const tighten: { readonly [Name in keyof Settings]: Judge<Settings[Name]> } = {
  model: never("the model is chosen by you, not by a project"),
  baseUrl: never("the model's address is chosen by you, not by a project"),
  mode: ranked(["explore", "strict", "debug"]),
  sandbox: (base, asked) =>
    base === "auto" || base === asked ? { value: asked } : { value: base, refused: `${base} is chosen already` },
  image: (base, asked, { projectImage }) => {
    if (!projectImage) return { value: base, refused: "you let no project name an image" }
    return base === undefined || base === asked
      ? { value: asked }
      : { value: base, refused: `${base} is chosen already` }
  },
  baseImage: never("where the base image comes from is chosen by you, not by a project"),
  projectImage: (base, asked) =>
    asked && !base ? { value: base, refused: "you let no project name an image" } : { value: asked },
  maxTurns: lower,
  maxTokens: lower,
  commit: (base, asked) => asked && !base ? { value: base, refused: "only you decide to commit" } : { value: asked },
  tests: added(speaksOfTests, "may not be added by a project: a pattern for tests names them (test or spec)"),
  exempt: reduced,
  secrets: added(isPlain, "would open what is secret"),
  sensitive: added(isPlain, "would let changes through unseen"),
  maxChangedLines: lower,
  necessity: ranked(["require", "report", "off"]),
  necessityBudget: (base, asked) =>
    asked >= base ? { value: asked } : { value: base, refused: `${asked} ms is less than the ${base} ms in force` },
  limits,
  runners: (_, asked) => ({ value: asked }),
  network: narrowed,
  registries: never("where packages come from is chosen by you, not by a project")
}
