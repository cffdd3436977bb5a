import { lstatSync, readdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import type { RuleLayer } from "./Rule.ts"

/** How some folders and their rule files look: equal marks mean that nothing was written between two looks. `newestMs`: the last change. */
export interface Look {
  readonly mark: string
  readonly newestMs: number
}

/** Whether a name is that of a file of rules, as text or as a program; hidden ones and declarations of types are not. */
export const isRuleFile = (name: string): boolean => /^[^.].*\.(?:ya?ml|js|(?<!\.d\.)ts)$/s.test(name)

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "unknown error"

const kindOf = (path: string) => {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? "link" : "no link"
  } catch (cause) {
    return codeOf(cause)
  }
}

/**
 * Looks at folders without reading a file, in some ten microseconds. The change time is among what is looked at, which no program
 * can set: an edit that puts the old time and size back is seen all the same.
 */
export const look = (
  directories: ReadonlyArray<{ readonly layer: RuleLayer; readonly directory: string }>
): Look => {
  const parts: Array<string> = []
  let newest = 0n
  const see = (path: string, stat: typeof statSync) => {
    try {
      const found = stat(path, { bigint: true, throwIfNoEntry: false })
      if (found === undefined) return parts.push(path, "none")
      const { ctimeNs, dev, ino, mode, mtimeNs, size } = found
      if (ctimeNs > newest) newest = ctimeNs
      parts.push(path, `${dev}:${ino}:${mode}:${size}:${mtimeNs}:${ctimeNs}`)
    } catch (cause) {
      parts.push(path, codeOf(cause))
    }
  }
  for (const { directory, layer } of directories) {
    // A project's links are never followed, so what they lead to does not matter.
    const stat = layer === "project" ? lstatSync : statSync
    if (layer === "project") parts.push(kindOf(dirname(directory)))
    see(directory, stat)
    try {
      for (const name of readdirSync(directory)) if (isRuleFile(name)) see(join(directory, name), stat)
    } catch (cause) {
      parts.push(codeOf(cause))
    }
  }
  return { mark: parts.join("\n"), newestMs: Number(newest / 1_000_000n) }
}
