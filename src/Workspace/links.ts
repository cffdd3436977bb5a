import { isReserved } from "./names.ts"

const maxHops = 40

/** What a path is to the resolver: a link's target, some other entry, or nothing. */
export type Look = (path: string) => { readonly link: string } | "directory" | "other" | "missing"

/** Where a path leads when every symlink on it is followed inside the project; the left of the pair says why it leads nowhere. */
export const resolve = (
  path: string,
  look: Look
): { readonly path: string } | { readonly refused: "leaves the project" | "not found" | "not a directory" } => {
  const rest = path === "" ? [] : path.split("/").toReversed()
  const done: Array<string> = []
  let hops = 0
  while (rest.length > 0) {
    const part = rest.pop()
    if (part === undefined || part === "" || part === ".") continue
    if (part === "..") {
      if (done.length === 0) return { refused: "leaves the project" }
      done.pop()
      continue
    }
    if (isReserved(part)) return { refused: "not found" }
    done.push(part)
    const found = look(done.join("/"))
    if (found === "missing") return { refused: "not found" }
    if (found === "directory") continue
    if (found === "other") {
      if (rest.some((next) => next !== "" && next !== ".")) return { refused: "not a directory" }
      continue
    }
    if (++hops > maxHops) return { refused: "not found" }
    if (found.link.startsWith("/")) return { refused: "leaves the project" }
    done.pop()
    rest.push(...found.link.split("/").toReversed())
  }
  return { path: done.join("/") }
}

const steps = (target: string): ReadonlyArray<string> => target.split("/").filter((part) => part !== "" && part !== ".")

/** Why a symlink may not be taken: judged by its text and by where it leads now through other links. */
export const refuseLink = (path: string, target: string, look: Look): string | undefined => {
  if (target === "" || target.startsWith("/")) return "a symlink that leaves the project"
  if (/[\x00-\x1f\x7f\\\ufffd]/.test(target)) return "a symlink with an unsafe target"
  const at = path.split("/").slice(0, -1)
  for (const part of steps(target)) {
    if (part !== "..") {
      if (isReserved(part)) return "a symlink to git's or the kernel's own files"
      at.push(part)
    } else if (at.pop() === undefined) return "a symlink that leaves the project"
  }
  const led = resolve(path, look)
  if ("refused" in led && led.refused === "leaves the project") return "a symlink that leaves the project"
  return undefined
}
