import { problemOf } from "../internal/Glob.ts"
import { coverage, type Grant } from "./Grant.ts"
import type { PolicyRequest } from "./PolicyRule.ts"

/**
 * What a yes is to stand for beyond exactly what was asked: patterns of paths, as in `.gitignore`, or the first words of a command
 * line. An action, a tool and a host stay as they were.
 */
export interface Wider {
  readonly path?: ReadonlyArray<string>
  readonly command?: ReadonlyArray<string>
}

/** What a grant covers, without its end. */
export type Scope = Omit<Grant, "uses" | "ttlMs">

type Asked = Pick<PolicyRequest, "action" | "args" | "command" | "host" | "path" | "tool">

const maxPatterns = 20
const maxPrefixes = 6

/** The grant for one request: exactly it, or as wide as `wider` says. */
export const scopeOf = ({ action, args = [], command, host, path, tool }: Asked, wider?: Wider): Scope => ({
  action,
  ...(path === undefined ? {} : { path: wider?.path ?? [path] }),
  ...(command === undefined ? {} : { command: wider?.command ?? [command, ...args] }),
  ...(host === undefined ? {} : { host }),
  ...(tool === undefined ? {} : { tool }),
  ...(wider?.path === undefined && wider?.command === undefined ? { exact: true } : {})
})

const isLine = (text: string) => /^[^\x00-\x1f\x7f]{1,1024}$/.test(text)

const covers = (asked: Asked, wider: Wider) =>
  coverage({ ...scopeOf(asked, wider), uses: 1, ttlMs: 1 })({ phase: "coding", mode: "strict", ...asked })

/** Why something cannot be what a yes to these requests stands for; undefined when it can: it is sound and covers every one. */
export const problemOfWider = (asked: ReadonlyArray<Asked>, wider: Wider): string | undefined => {
  const { command, path } = wider
  if ((path === undefined) === (command === undefined)) return "it must be about paths, or about a command"
  if (path !== undefined) {
    if (asked.some((one) => one.path === undefined)) return "what is asked about has no path"
    if (path.length > maxPatterns) return `it has more than ${maxPatterns} patterns`
    for (const pattern of path) {
      const problem = isLine(pattern) ? problemOf(pattern) : "it is not one line of text"
      if (problem !== undefined) {
        return `the pattern ${JSON.stringify(pattern.slice(0, 200))} can never match: ${problem}`
      }
    }
  }
  if (command !== undefined && asked.some((one) => one.command === undefined)) {
    return "what is asked about is no command"
  }
  const missed = asked.find((one) => !covers(one, wider))
  if (missed === undefined) return undefined
  const what = missed.path ?? [missed.command, ...missed.args ?? []].join(" ")
  return `it leaves out ${JSON.stringify(what.slice(0, 200))}, which is asked about`
}

const literal = (path: string): string => path.replace(/[\\*?[\]]/g, "\\$&").replace(/ $/, "\\ ")

const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")))

const endingOf = (path: string) => /[^/.][^/]*(\.[A-Za-z0-9]{1,12})$/.exec(path)?.[1]

const sameForAll = <A>(values: ReadonlyArray<A | undefined>): A | undefined =>
  new Set(values).size === 1 ? values[0] : undefined

const ofPaths = (paths: ReadonlyArray<string>): ReadonlyArray<Wider> => {
  const folders = [...new Set(paths.map(folderOf))]
  const ending = sameForAll(paths.map(endingOf))
  const inFolders = folders.map((folder) => folder === "" ? "/" : `/${literal(folder)}/`)
  return [
    ...(paths.length > 1 ? [{ path: paths.map((path) => `/${literal(path)}`) }] : []),
    ...(ending === undefined ? [] : [{ path: inFolders.map((folder) => `${folder}*${ending}`) }]),
    ...(folders.includes("") ? [] : [{ path: inFolders.map((folder) => `${folder}**`) }]),
    ...(ending === undefined ? [] : [{ path: [`*${ending}`] }])
  ]
}

const ofCommands = (lines: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<Wider> => {
  const [first = [], ...others] = lines
  const shared = first.findIndex((word, index) => others.some((line) => line[index] !== word))
  const common = shared < 0 ? first : first.slice(0, shared)
  const lengths = Array.from({ length: common.length }, (_, index) => common.length - index)
  const shown = lengths.length <= maxPrefixes ? lengths : [...lengths.slice(0, maxPrefixes - 2), 2, 1]
  return shown.map((length) => ({ command: common.slice(0, length) }))
}

/** What a person may want a yes to these requests to stand for, the narrowest first; every one is sound and covers them all. */
export const suggestionsFor = (asked: ReadonlyArray<Asked>): ReadonlyArray<Wider> => {
  const paths = asked.flatMap(({ path }) => path === undefined ? [] : [path])
  const commands = asked.flatMap(({ args = [], command }) => command === undefined ? [] : [[command, ...args]])
  const found = commands.length === asked.length
    ? ofCommands(commands)
    : paths.length === asked.length
    ? ofPaths(paths)
    : []
  return found.filter((wider) => problemOfWider(asked, wider) === undefined)
}

const quoted = (words: ReadonlyArray<string>) => words.map((word) => JSON.stringify(word)).join(" ")

/** What a grant covers, for a person. */
export const describeScope = ({ action, command, exact, host, path, tool }: Scope): string =>
  [
    action,
    ...(tool === undefined || tool === action ? [] : [`by ${tool}`]),
    ...(command === undefined
      ? []
      : [exact === true ? `${quoted(command)}, to the letter` : `${quoted(command)} and whatever follows`]),
    ...(path === undefined ? [] : [exact === true ? `${quoted(path)}, exactly` : `every path like ${path.join(", ")}`]),
    ...(host === undefined ? [] : [`at ${host}`])
  ].join(" ")
