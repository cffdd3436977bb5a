import { readdirSync, readFileSync } from "node:fs"

const O_CLOEXEC = 0o2000000

const inheritable = (descriptor: string): boolean => {
  try {
    const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0
  } catch {
    return false
  }
}

/**
 * The descriptors above 2 that a program started now would inherit. Our own parent may have left some open without close-on-exec
 * (Node closes none of them); one to a host directory is a way out of any mount namespace.
 */
export const inherited = (): ReadonlyArray<number> =>
  readdirSync("/proc/self/fd").filter((name) => Number(name) > 2 && inheritable(name)).map(Number)
