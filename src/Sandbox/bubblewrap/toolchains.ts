import { existsSync, readFileSync, realpathSync, statSync } from "node:fs"
import { basename, dirname, join } from "node:path"

/** What is shown of the toolchains outside the system's directories, and the PATH entries that go before and after the system's. */
export interface Toolchains {
  readonly paths: ReadonlyArray<string>
  readonly first: ReadonlyArray<string>
  readonly last: ReadonlyArray<string>
}

const tools = ["python3", "cargo", "rustc", "go", "deno", "bun", "ruby", "java", "uv", "pnpm", "yarn", "php", "dotnet"]
const system = /^\/(usr|bin|sbin|lib|lib64)\//
const store = "/nix/store"

const real = (path: string): string | undefined => {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

const firstLine = (file: string, pattern: RegExp): string | undefined => {
  try {
    return pattern.exec(readFileSync(file, "utf8"))?.[1]
  } catch {
    return undefined
  }
}

/** The directory of one installed version that holds this program, never one that could hold more, as a home does. */
const versionPrefix = (program: string): string | undefined => {
  if (program.startsWith(`${store}/`)) return store
  const prefix = dirname(dirname(program))
  if (basename(dirname(program)) !== "bin") return undefined
  if (/^\/opt\/[^/]+/.test(prefix)) return prefix
  return /\d+\.\d+/.test(basename(prefix)) && prefix.split("/").length > 4 ? prefix : undefined
}

/** The same for a dispatcher, which chooses a version by a file in the home: pyenv's shims, rustup's proxies. */
const chosenPrefix = (program: string): string | undefined => {
  const root = dirname(dirname(program))
  const plain = (name: string | undefined) => name !== undefined && /^[\w.-]+$/.test(name) && !/^\.+$/.test(name)
  if (basename(dirname(program)) === "shims") {
    const version = firstLine(join(root, "version"), /^(\S+)/)
    return plain(version) ? join(root, "versions", version!) : undefined
  }
  if (basename(program) === "rustup") {
    const home = join(dirname(root), ".rustup")
    const toolchain = firstLine(join(home, "settings.toml"), /^default_toolchain = "(\S+)"/m)
    return plain(toolchain) ? join(home, "toolchains", toolchain!) : undefined
  }
  return undefined
}

const searchable = (directory: string, user: { readonly uid: number; readonly gid: number }): boolean => {
  const { gid, mode, uid } = statSync(directory)
  if (uid === user.uid) return (mode & 0o100) !== 0
  return (mode & (gid === user.gid ? 0o010 : 0o001)) !== 0
}

/** Whether bwrap, run as this user, gets as far as this path. */
const reachable = (path: string, user: { readonly uid: number; readonly gid: number }): boolean => {
  if (user.uid === 0 || path === "/") return true
  return reachable(dirname(path), user) && searchable(dirname(path), user)
}

/**
 * Finds the running Node (`program`) and the usual tools on a host PATH. Each is shown by the directory of exactly one version; what
 * has none, or cannot be reached by the user, is left out.
 */
export const toolchains = (
  program: string,
  path: string,
  user: { readonly uid: number; readonly gid: number }
): Toolchains => {
  const usable = (place: string | undefined): place is string =>
    place !== undefined && existsSync(place) && reachable(place, user)
  const node = real(program) ?? program
  const own = system.test(node) ? [] : [versionPrefix(node) ?? node].filter(usable)
  const found = path.split(":").filter((entry) => entry.startsWith("/") && !system.test(`${entry}/`))
    .flatMap((entry) => tools.map((tool) => real(join(entry, tool))))
    .filter((tool) => tool !== undefined && !system.test(tool)).map((tool) => ({
      bin: dirname(tool!),
      chosen: chosenPrefix(tool!),
      prefix: versionPrefix(tool!)
    }))
    .map(({ bin, chosen, prefix }) => ({
      prefix: chosen ?? prefix,
      bin: chosen === undefined ? bin : join(chosen, "bin")
    }))
    .filter(({ prefix }) => usable(prefix))
  return {
    paths: [...new Set([...own, ...found.map(({ prefix }) => prefix!)])],
    first: own.length === 0 ? [] : [dirname(node)],
    last: [...new Set(found.map(({ bin }) => bin))]
  }
}
