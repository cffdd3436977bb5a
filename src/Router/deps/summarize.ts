import { escapeLine } from "../../internal/escape.ts"
import type { Locked } from "./Ecosystem.ts"

const maxNamed = 8
const maxTitle = 80

type Packages = ReadonlyMap<string, Locked>

/** A name is the lockfile's own word: one that could be taken for several, or for more than a name, is quoted. */
const quoted = (title: string): string => {
  const line = escapeLine(title, maxTitle)
  return /^[\w@/.+()[\]: -]*$/.test(line) ? line : JSON.stringify(line)
}

const listed = (titles: ReadonlyArray<string>): string => {
  const shown = titles.slice(0, maxNamed).map(quoted)
  return [...shown, ...titles.length > maxNamed ? [`${titles.length - maxNamed} more`] : []].join(", ")
}

const changeOf = (old: Locked, now: Locked): string =>
  old.title === now.title ? `${now.title} (another address or hash)` : `${now.title} (was ${old.title})`

const differences = (old: Packages, now: Packages): ReadonlyArray<string> => {
  const added = [...now].flatMap(([key, one]) => old.has(key) ? [] : [one.title])
  const removed = [...old].flatMap(([key, one]) => now.has(key) ? [] : [one.title])
  const changed = [...now].flatMap(([key, one]) => {
    const before = old.get(key)
    return before === undefined || before.all === one.all ? [] : [changeOf(before, one)]
  })
  return Object.entries({ added, removed, changed }).flatMap(([what, titles]) =>
    titles.length === 0 ? [] : [`${titles.length} ${what}: ${listed(titles)}`]
  )
}

const news = (old: Packages, now: Packages): ReadonlyArray<string> => {
  const found = differences(old, now)
  if (found.length === 0) return ["the packages are those of the project's own lockfile"]
  return ["against the project's own lockfile:", ...found.map((line) => `  ${line}`)]
}

/**
 * What a person is told of a lockfile before it is installed, on lines of their own: how many packages, from where, and what is new.
 * `old` is the project's own: null where it has none, undefined where it cannot be read.
 */
export const summarize = (lockfile: string, old: Packages | null | undefined, now: Packages): string => {
  const hosts = [...new Set([...now.values()].flatMap(({ host }) => host === undefined ? [] : [host]))].toSorted()
  const bare = [...now.values()].filter(({ hashed }) => !hashed).map(({ title }) => title)
  return [
    `${escapeLine(lockfile)}: ${now.size} package${now.size === 1 ? "" : "s"}${
      hosts.length === 0 ? "" : `, with addresses on ${listed(hosts)}`
    }`,
    ...bare.length === 0 ? [] : [`${bare.length} without a hash of the content: ${listed(bare)}`],
    ...old === null
      ? ["the project has no such lockfile, so all of it is new"]
      : old === undefined
      ? ["the project's own lockfile cannot be read, so what is new cannot be told"]
      : news(old, now)
  ].join("\n")
}
