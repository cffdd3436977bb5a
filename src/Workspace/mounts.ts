import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import type { StageMount } from "../Workspace.ts"

type Mount = StageMount

const kept: Readonly<Record<string, RegExp>> = {
  core: /^\s*(repositoryformatversion|filemode|bare|ignorecase|precomposeunicode)\s*=\s*(\d+|true|false)\s*$/i,
  extensions: /^\s*(objectformat|refstorage|compatobjectformat)\s*=\s*[a-z0-9]+\s*$/i
}

/** A repository's configuration without what may hold a credential or name a program: remotes, helpers, hooks, headers. */
export const cleanConfig = (text: string): string => {
  let allowed: RegExp | undefined
  const lines = text.split("\n").flatMap((line) => {
    const section = /^\s*\[([a-z]+)\]\s*$/i.exec(line)
    if (section !== null) {
      allowed = kept[section[1]?.toLowerCase() ?? ""]
      return allowed === undefined ? [] : [line.trim()]
    }
    if (line.trim().startsWith("[")) allowed = undefined
    return allowed?.test(line) === true ? [`\t${line.trim()}`] : []
  })
  return `${lines.join("\n")}\n`
}

const kindOf = (path: string): "directory" | "file" | undefined => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true ? "directory" : stat?.isFile() === true ? "file" : undefined
}

/** What of a repository git needs to tell its history and how it stands. */
const history = new Set([
  ...["objects", "refs", "reftable", "packed-refs", "shallow", "HEAD", "ORIG_HEAD", "index", "info", "description"],
  ...["MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "SQUASH_MSG", "AUTO_MERGE", "CHERRY_PICK_HEAD", "REVERT_HEAD"],
  ...["REBASE_HEAD", "rebase-merge", "rebase-apply", "sequencer"]
])

/** An entry of .git that is not history may be laid over only when its name says nothing to an engine. */
const plain = /^[\w.-]+$/

/** More than this lies in no repository but one that was made for it. */
const maxCovers = 100

/**
 * The project's history read-only, with files of the kernel's own over everything in it that is not history: configuration, what that
 * includes, logs and remotes may hold credentials. `home` takes those files. Undefined where there is no history to show; else to be asked
 * before every command, since git itself may be at work beside the session.
 */
export const gitMounts = (project: string, home: string): (() => ReadonlyArray<Mount>) | undefined => {
  const git = `${project}/.git`
  if (kindOf(git) !== "directory") return undefined
  const own = (name: string, text: string) => {
    const source = `${home}/${name}`
    writeFileSync(source, text, { mode: 0o644, flag: "wx" })
    chmodSync(source, 0o644)
    return source
  }
  const directory = `${home}/empty`
  mkdirSync(directory, { mode: 0o755 })
  chmodSync(directory, 0o755)
  const file = own("nothing", "")
  const cleaned = new Map(
    ["config", "config.worktree"].filter((name) => kindOf(`${git}/${name}`) === "file").map((name) =>
      [name, own(`git-${name}`, cleanConfig(readFileSync(`${git}/${name}`, "utf8")))] as const
    )
  )
  const cover = (name: string): ReadonlyArray<Mount> => {
    const stat = history.has(name) ? undefined : lstatSync(`${git}/${name}`, { throwIfNoEntry: false })
    // A link leads nowhere but to what the sandbox has; the socket of a daemon of git's is one that listens outside.
    if (stat === undefined || stat.isSymbolicLink()) return []
    const source = stat.isDirectory() ? directory : cleaned.get(name) ?? file
    return [{ source, target: `${git}/${name}`, mode: "ro" }]
  }
  return () => {
    if (kindOf(git) !== "directory") return []
    const names = readdirSync(git)
    const covers = names.flatMap(cover)
    const isOdd = covers.length > maxCovers || covers.some(({ target }) => !plain.test(target.slice(git.length + 1)))
    return isOdd ? [] : [{ source: git, target: git, mode: "ro" }, ...covers]
  }
}
