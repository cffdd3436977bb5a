import { chmodSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
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

/** The project's history read-only, with files of the kernel's own over the parts that may hold credentials; `home` takes those files. */
export const gitMounts = (project: string, home: string): ReadonlyArray<Mount> => {
  const git = `${project}/.git`
  if (kindOf(git) !== "directory") return []
  const empty = `${home}/empty`
  mkdirSync(empty, { mode: 0o755 })
  chmodSync(empty, 0o755)
  const over = (
    name: string,
    source: string
  ): ReadonlyArray<Mount> => [{ source, target: `${git}/${name}`, mode: "ro" }]
  const cleaned = ["config", "config.worktree"].flatMap((name) => {
    if (kindOf(`${git}/${name}`) !== "file") return []
    const source = `${home}/git-${name}`
    writeFileSync(source, cleanConfig(readFileSync(`${git}/${name}`, "utf8")), { mode: 0o644, flag: "wx" })
    chmodSync(source, 0o644)
    return over(name, source)
  })
  const hidden = ["modules", "worktrees"].flatMap((name) =>
    kindOf(`${git}/${name}`) === "directory" ? over(name, empty) : []
  )
  return [{ source: git, target: git, mode: "ro" }, ...cleaned, ...hidden]
}
